"""A strict local Telegram Bot API server: for the demo, tests and load.

Speaks the official HTTP interface to a bot and gives people to the other side: in process
through `Emulator`, from another process through `/_control`. Imports nothing of the rest of the
program, listens on 127.0.0.1 only and sends nothing to any other machine.

To be read from the outside in; each layer imports only what stands below it (import-linter):

    emulator                            all of it, served
    server · control_api · face         HTTP: for the bot, for tests elsewhere, for a browser
    town · guard                        all of it but the socket · whom HTTP serves
    calls                               one call of a method, and the long poll
    sending · profile · webhook         the methods
    people                              the other side: what a person does
    deliveries · files · phone          updates to a webhook · uploads · what a person sees
    flood · keyboards                   limits
    world                               the state, and who may do what in it
    entities · bodies                   how a text and a request are read
    chats · updates · html · markdown   what there is in the world · what waits for the bot · markup
    faults · journal · clock · bell     what goes wrong, what happened, when, waiting for it
    schema · markup                     the official types · what both markups share
    refusals · wire                     how to say no · the bare socket
"""

from bot.emulator.chats import Answer, Tap
from bot.emulator.clock import MovableClock, RealClock
from bot.emulator.emulator import Emulator
from bot.emulator.faults import Fault, Faults
from bot.emulator.flood import FloodLimits
from bot.emulator.journal import Entry, Journal
from bot.emulator.people import Group, Person
from bot.emulator.phone import Seen

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
