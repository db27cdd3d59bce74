"""A strict local Telegram Bot API server: for the demo, tests and load.

Speaks the official HTTP interface to a bot and gives people to the other side: in process
through `Emulator`, from another process through `/_control`. Imports nothing of the rest of the
program, listens on 127.0.0.1 only and sends nothing to any other machine.

To be read from the outside in: `server` (HTTP, faults) and `calls` (one call); the methods in
`sending`, `profile`, `files` and `webhook`; `chats`, the state; `updates` and `deliveries`, what
the bot is told; `entities`, `html`, `markdown` and `keyboards`, which judge what it writes;
`people` and `phone`, the other side, and `control_api`, the same over HTTP.
"""

from bot.emulator.clock import MovableClock, RealClock
from bot.emulator.emulator import Emulator
from bot.emulator.faults import Fault, Faults
from bot.emulator.flood import FloodLimits
from bot.emulator.journal import Entry, Journal
from bot.emulator.people import Group, Person
from bot.emulator.phone import Answer, Seen, Tap

__all__ = [
    "Answer",
    "Emulator",
    "Entry",
    "Fault",
    "Faults",
    "FloodLimits",
    "Group",
    "Journal",
    "MovableClock",
    "Person",
    "RealClock",
    "Seen",
    "Tap",
]
