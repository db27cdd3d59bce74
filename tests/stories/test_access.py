"""Who may see and do what: every command and every button, in everybody's hands.

Three rules, held against the real routing table, so that a new command or act without a row here
fails. 1. Who lacks the role is refused kindly. 2. A button with anybody else's id in it, alone or
mixed with the presser's own ids, is refused, and no row changes. 3. Whatever people do with what
is theirs, nothing of another's appears on their phone, and no row of another's changes.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import pytest
from world import Human, World

from bot.core.draft import Draft, pack
from bot.core.feeds import Found, Source
from bot.store import feed_series, feeds
from bot.views.buttons import write_id
from handlers import COMMANDS, TAPS
from tests.transactions import writing

#: With the phrase watch on: its buttons are refused for whose they are, not for its being off.
pytestmark = pytest.mark.settings('[safety]\ntext = "Call 112."\nwatch_phrases = ["never found"]\n')

PLAN = pack(Draft("2026-12-01", "15:00", 50, "weekly"))

#: What stands on a button behind its act, and whose it is. Who may lose most comes last.
CLIENTS = {
    "show": "{checkin}", "snooze": "{checkin}", "change": "{checkin}", "withhold": "{checkin}",
    "rate": "{checkin}.heard.8", "back": "{checkin}", "reopen": "{checkin}.heard",
    "pass": "{checkin}.heard", "chip": "{checkin}.hindered.0.1", "choose": "{checkin}.talked.0",
    "disclose": "{checkin}.wish.show", "remove": "{checkin}.wish", "later": "{checkin}.hour",
    "mywords": "{first_checkin}", "history": "{pair}.0", "jlang": "{pair}.en",
    "jzone": "{pair}.own",
    "mychart": "{pair}", "ack": "{acknowledgement}.ok", "pausing": "{pair}",
    "ending": "{pair}", "keepend": "{pair}",
    "tellend": "{pair}", "stopping": "{pair}", "erasing": "{pair}", "begin": "{pair}",
    "decline": "{pair}", "agree": "{pair}", "jwatch": "{pair}.notice.yes",
    "swatch": "{pair}.kept.yes", "withheld": "{checkin}", "unmet": "{checkin}",
    "nothanks": "{checkin}", "keepon": "{pair}", "seldom": "{pair}",
    "goals": "{pair}", "goaladd": "{pair}", "goalstop": "{pair}", "goal": "{goal}",
    "goalword": "{goal}", "goalend": "{goal}.reached",
    "export": "{pair}", "hand": "{pair}.share",
    "pause": "{pair}.2", "resume": "{pair}", "stop": "{pair}", "erase": "{pair}",
}  # fmt: skip
THERAPISTS = {
    "page": "{digest}.1", "details": "{digest}.{pair}.1", "words": "{digest}.{pair}.0",
    "usual": "{digest}.{pair}", "anew": "{digest}.{pair}.{first_checkin}",
    "anewoff": "{digest}.{pair}.{first_checkin}",
    "textback": "{digest}.{pair}.0", "read": "{digest}.{pair}.1", "talk": "{digest}.{pair}.1",
    "pictures": "{digest}.1", "picture": "{pair}", "readall": "{digest}.1",
    "mirror": "0", "mirset": "0.on", "mirask": "{checkin}.heard", "mirrate": "{checkin}.heard.8",
    "mirskip": "{checkin}.heard", "sendsay": "{sentence}", "dropsay": "{sentence}",
    "sentence": "{digest}.{pair}",
    "pairinfo": "{pair}", "whois": "{pair}", "tadd": "0", "tlist": "0",
    "trules": "0", "tnew": "{pair}", "tform": f"{{pair}}.{PLAN}.w",
    "tpick": f"{{pair}}.day.{PLAN}.w", "tprev": f"{{pair}}.{PLAN}", "tappt": "{appointment}",
    "tcanc": "{appointment}", "tmove": "{appointment}", "tmprev": f"{{appointment}}.{PLAN}",
    "tconf": f"{{pair}}.{PLAN}", "trule": "{rule}", "trulok": "{rule}",
    "tunmet": "{past}", "tmoved": f"{{appointment}}.{PLAN}", "tcancok": "{appointment}",
    "calall": "0", "calask": "0", "calone": "{feed}", "calok": "{feed}", "calnow": "{feed}",
    "calallow": "{feed}", "callater": "{series}", "calwho": "{series}.{pair}",
    "calnot": "{series}", "caldel": "{feed}", "caldelok": "{feed}",
    "confirm": "{pair}.{client}", "away": "{pair}.{client}", "reinvite": "{pair}",
    "wrongs": "{pair}", "wrong": "{past}", "wrongto": "{past}.0", "wrongok": "{past}.0",
    "earlier": "{pair}", "endpair": "{pair}", "endyes": "{pair}.ask", "endundo": "{pair}",
}  # fmt: skip
#: A therapist's own schedule is set by the therapist, and by admins.
PROFESSIONALS = {
    "abslist": "{therapist}", "absnew": "{therapist}.2026-12.{absence}",
    "absend": "{therapist}.2026-12-20.2026-12.{absence}",
    "absday": "{therapist}.2026-12-20.2026-12-24.{absence}", "absone": "{absence}",
    "abschg": "{absence}", "absset": "{absence}", "absdel": "{absence}", "absundo": "{absence}",
    "sched": "{therapist}", "schname": "{therapist}.delay",
    "schprev": "{therapist}.delay_minutes.45",
    "schset": "{therapist}.delay_minutes.45", "schlast": "{change}",
    "schundo": "{change}",
}  # fmt: skip
ANYONES = {"help": "0", "slang": "0.en", "szone": "0.more", "squiet": "0.22:00.07:00",
           "close": "0", "notme": "0", "notmine": "0"}  # fmt: skip
#: The same acts as they are reached by another way.
ALSO = {
    "usual": "0.{pair}", "anew": "0.{pair}.{first_checkin}", "anewoff": "0.{pair}.{checkin}",
    "details": "0.{pair}.0", "words": "0.{pair}.0", "textback": "0.{pair}.0",
    "tconf": f"{{pair}}.{PLAN}.{{rule}}", "jzone": "{pair}.more", "ack": "{acknowledgement}.no",
    "tform": f"{{appointment}}.{PLAN}.m", "tpick": f"{{appointment}}.day.{PLAN}.v",
    "withheld": "{first_checkin}", "mywords": "{checkin}", "show": "{first_checkin}",
    "rate": "{first_checkin}.heard.9", "disclose": "{first_checkin}.wish.show",
}  # fmt: skip

#: What stands behind a command, and who may use it.
TYPED: dict[str, tuple[str, tuple[str, ...]]] = {
    "help": ("anyone", ("",)),
    "privacy": ("anyone", ("",)),
    "start": ("anyone", ("",)),
    "settings": ("known", ("",)),
    "zone": ("known", ("", "Europe/Berlin")),
    "history": ("client", ("",)),
    "pause": ("client", ("", "24.12.")),
    "stop": ("client", ("",)),
    "erase": ("client", ("",)),
    "goals": ("client", ("",)),
    "export": ("client", ("",)),
    "today": ("therapist", ("",)),
    "mirror": ("therapist", ("",)),
    "clients": ("therapist", ("",)),
    "calendar": ("therapist", ("",)),
    "appointments": ("therapist", ("",)),
    "add": ("therapist", ("", "Q7Z 2026-12-01 15:00 50m weekly")),
    "invite": ("therapist", ("", "Q7Z")),
    "end": ("therapist", ("", "Q7Z")),
    "away": ("therapist", ("", "2026-12-20 2026-12-24 cover: Dr. Klein")),
    "relink_therapist": ("admin", ("", "Nobody", "Nobody 123456")),
    "relink": ("therapist", ("", "Q7Z", "Q7Z 123456")),
    "schedule": ("professional", ("", "delay 45")),
    "invite_therapist": ("admin", ("",)),
}

NOT_FOR_YOU = "This is not for you to use. What you can do here: /help"
STRANGER = "I don't know you yet."
NOT_YOURS = {
    "This is not one of yours, or it is no longer here.",
    # Said whatever the state of somebody else's questions is.
    "The questions are not running, so there is nothing to pause or stop.",
    "The questions are not paused.",
    "I don't know this pattern, or it has ended.",
    "This appointment is not in your list.",
    "This client is not in your list.",
    "This pattern is not in your list.",
    "This calendar is not one of yours, or it is no longer here.",
    "This session can't be guessed about any more: its time is over, or you have seen your"
    " client's answers. Nothing was changed.",
    NOT_FOR_YOU,
}
#: Of one's own pair, and a person or a pattern that has nothing to do with it.
MIXED_UP = {
    "This was about somebody who is no longer there, or it is settled. Nothing was changed.",
    "This button is out of date. Please use the newest message.",
}


@dataclass
class Cast:
    """Everybody who presses, with what is theirs. anna, ben: whose secrets they must not see."""

    world: World
    anna: Human
    ben: Human
    roles: dict[Human, set[str]] = field(default_factory=dict)
    ids: dict[Human, dict[str, str]] = field(default_factory=dict)

    def fill(self, pattern: str, *of: Human) -> set[str]:
        """Give a button with each mixture of these people's ids, but for those they lack."""
        names = [name for name in KINDS if f"{{{name}}}" in pattern]
        found = set()
        for whose in itertools.product(of, repeat=len(names)):
            have = {name: self.ids[w].get(name) for name, w in zip(names, whose, strict=True)}
            if None not in have.values():
                found.add(pattern.format(**have))
        return found


KINDS = (
    "pair", "client", "checkin", "first_checkin", "acknowledgement", "appointment", "past",
    "rule", "digest", "goal", "sentence", "feed", "series", "therapist", "change",
    "absence",
)  # fmt: skip
THEIRS = {
    "pair": "SELECT id FROM pair WHERE {mine} AND pair.code = :code",
    "client": "SELECT client_id FROM pair WHERE {mine} AND pair.code = :code",
    "checkin": "SELECT checkin.id FROM checkin JOIN pair ON pair.id = pair_id WHERE {mine}"
    " AND pair.code = :code ORDER BY due_at DESC",
    "first_checkin": "SELECT checkin.id FROM checkin JOIN pair ON pair.id = pair_id WHERE {mine}"
    " AND pair.code = :code ORDER BY due_at",
    "acknowledgement": "SELECT a.id FROM acknowledgement a JOIN pair ON pair.id = pair_id"
    " WHERE {mine} AND pair.code = :code",
    "appointment": "SELECT appointment.id FROM appointment JOIN pair ON pair.id = pair_id"
    " WHERE {mine} AND pair.code = :code ORDER BY starts_at DESC",
    "past": "SELECT appointment.id FROM appointment JOIN pair ON pair.id = pair_id"
    " WHERE {mine} AND pair.code = :code ORDER BY starts_at",
    "rule": "SELECT rule.id FROM rule JOIN pair ON pair.id = pair_id WHERE {mine}"
    " AND pair.code = :code",
    "goal": "SELECT goal.id FROM goal JOIN pair ON pair.id = pair_id WHERE {mine}"
    " AND pair.code = :code",
    "sentence": "SELECT sentence.id FROM sentence JOIN pair ON pair.id = pair_id WHERE {mine}"
    " AND pair.code = :code",
    "feed": "SELECT feed.id FROM feed JOIN pair ON pair.therapist_id = feed.therapist_id"
    " WHERE {mine} AND pair.code = :code",
    "series": "SELECT feed_series.id FROM feed_series JOIN feed ON feed.id = feed_id"
    " JOIN pair ON pair.therapist_id = feed.therapist_id WHERE {mine} AND pair.code = :code",
    "therapist": "SELECT therapist_id FROM pair WHERE {mine} AND pair.code = :code",
    "change": "SELECT change_id FROM schedule_value JOIN pair ON pair.therapist_id = owner_id"
    " WHERE {mine} AND pair.code = :code",
    "absence": "SELECT absence.id FROM absence JOIN pair ON pair.therapist_id = owner_id"
    " WHERE {mine} AND pair.code = :code AND over_at IS NULL",
    "digest": "SELECT digest.id FROM digest JOIN pair ON pair.therapist_id = digest.therapist_id"
    " WHERE {mine} AND pair.code = :code",
}


async def ids_of(world: World, code: str) -> dict[str, str]:
    """Find what belongs to a pair by its code, as buttons write it."""
    found = {}
    for kind, sql in THEIRS.items():
        rows = await world.rows(sql.replace("{mine}", "1 = 1"), code=code)
        if rows and isinstance(rows[0][0], int):
            found[kind] = write_id(rows[0][0])
    return found


async def everything(world: World, only: set[object] | None = None) -> dict[str, list[object]]:
    """Give every row there is but those that say "seen"; only: those that hold one of these ids."""
    found: dict[str, list[object]] = {}
    for (table,) in await world.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        if table not in ("seen_update", "practice"):
            rows = await world.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
            found[str(table)] = [row for row in rows if only is None or only & set(row)]
    return found


async def therapist_who_became(world: World, name: str, change: str) -> Human:
    """Let a therapist join whose role is then another one."""
    before = await world.rows("SELECT person_id FROM role")
    human = await world.therapist(name)
    ((person,),) = set(await world.rows("SELECT person_id FROM role")) - set(before)
    async with writing(world.stage.running.db) as tx:
        await tx.run(f"UPDATE role SET {change} WHERE person_id = :id", id=person)
    return human


async def with_calendars(world: World) -> None:
    """Let both therapists follow a calendar that is not read again, with an unknown event."""
    async with writing(world.stage.running.db) as tx:
        rows = await tx.all("SELECT DISTINCT therapist_id FROM pair")
        for number, row in enumerate(rows, 1):
            await feeds.add_feed(tx, number, row["therapist_id"], Source("Praxis", "x"), 1)
            await tx.run(
                "UPDATE feed SET accepted_at = 1, due_at = :due_at WHERE id = :id",
                due_at=2**62, id=number,
            )  # fmt: skip
            event = Found(bytes(32), bytes(32), 1, 2)
            await feed_series.note_unknown(tx, number + 10, number, event)


async def gather(world: World) -> Cast:
    """Let everybody there can be come together, two weeks of answers among them."""
    anna, ben = await world.pair("Anna", "Ben", code="Q7Z", meets="Mon 15:00")
    cast = Cast(world, anna, ben)
    cora, _ = await world.pair("Cora", "Ben", code="C3", meets="Mon 15:00")
    other, far = await world.pair("Another", "Faraway", code="F9", meets="Mon 15:00")
    named = {"paused": "P4", "stopped": "S5", "erased": "E6"}
    humans = {}
    for name, code in named.items():
        humans[name], _ = await world.pair(name.title(), "Ben", code=code)
    joined = world.human("Joined")
    await world.joins(joined, await world.invites(ben, "J8"))
    agreeing = world.human("Arrived")
    await agreeing.starts(await world.invites(ben, "K2"))
    await world.invites(ben, "L2")

    await world.until("Mon 16:20")
    for human, ratings in ((anna, (2, 3, 4, 5, 4)), (cora, (8, 8, 8, 8, 8)), (other, (7,) * 5)):
        await human.answers(*ratings)
        if human is anna:
            await anna.taps("felt criticised")
            await anna.taps("Done ›")
        await human.types(f"a {'marmot' if human is anna else 'heron'}")
        await human.taps("Show my therapist" if human is not cora else "Keep it for me")
    await world.until("Fri 17:00")
    await ben.opens("Q7Z")
    await ben.taps("‹ Back")
    await ben.taps("Let's talk about it")
    await world.later(minutes=3)
    await ben.opens("Q7Z")
    await ben.taps("Write a sentence")
    await ben.types("I see a marmot")
    await anna.types("/goals")
    await anna.taps("Add a goal")
    await anna.types("to see a marmot")
    await world.until("Mon 16:20")

    await with_calendars(world)
    for therapist in (ben, far):
        await therapist.types("/schedule digest sat 16:00")
        await therapist.taps("Apply")
        await therapist.types("/away 2026-12-27 2026-12-28")
        await therapist.taps("Apply")
    for act, button, human in (
        ("/pause", "Until I resume", humans["paused"]),
        ("/stop", "Stop the questions", humans["stopped"]),
        ("/erase", "Erase everything", humans["erased"]),
    ):
        await human.types(act)
        await human.taps(button)
    ended = await therapist_who_became(world, "Ended", "ended_at = since_at")
    supervisor = await therapist_who_became(world, "Supervisor", "role = 'supervisor'")
    cast.roles = {
        anna: {"known", "client"},
        ben: {"known", "therapist", "professional"},
        cora: {"known", "client"},
        other: {"known", "client"},
        far: {"known", "therapist", "professional"},
        humans["paused"]: {"known", "client"},
        humans["stopped"]: {"known", "client"},
        humans["erased"]: set(),
        joined: {"known", "client"},
        agreeing: {"known", "client"},
        ended: {"known"},
        supervisor: {"known"},
        world.dana: {"known", "admin", "professional"},
        world.human("A stranger"): set(),
    }
    codes = {anna: "Q7Z", ben: "Q7Z", cora: "C3", other: "F9", far: "F9", humans["paused"]: "P4",
             humans["stopped"]: "S5", joined: "J8", agreeing: "K2"}  # fmt: skip
    for human in cast.roles:
        cast.ids[human] = await ids_of(world, codes[human]) if human in codes else {}
        await human.types("/help")
    return cast


#: Anna's name, code, text, chip and score; not where a button's random id happens to end in a 3.
SECRETS = ("Anna", "Q7Z", "marmot", "criticised", r"(?<![0-9a-z.])3[.]6(?![0-9a-z])")


def said_since(world: World, human: Human, since: int) -> list[str]:
    calls = world.calls_to(human)[since:]
    return [f"{call.method} {call.params}".replace(r"\n", " ") for call in calls]


def tells_nothing(said: list[str], but: str = "") -> None:
    """Fail where anything of Anna's is said; but: what somebody typed comes back to them."""
    for line in said:
        assert [s for s in SECRETS if re.search(s, line) and s not in but] == [], line


def test_a_score_is_found_wherever_it_is_said() -> None:
    for said in ("3.6", "now 3.6.", "(3.6)", "{'text': '3.6 · Show'}"):
        with pytest.raises(AssertionError):
            tells_nothing([said])
    tells_nothing(["'callback_data': 'absday.127alz3.6odgff', 13.6, 3.61, 2026.3.6"])


def test_every_command_and_every_act_has_its_row() -> None:
    assert set(TYPED) == set(COMMANDS)
    rows = CLIENTS.keys() | THERAPISTS.keys() | PROFESSIONALS.keys() | ANYONES.keys()
    assert rows == set(TAPS)


async def test_a_button_with_anybody_elses_id_does_nothing(world: World) -> None:
    cast = await gather(world)
    before = await everything(world)
    cells = 0
    for human, roles in cast.roles.items():
        if human in (cast.anna, cast.ben):
            continue
        acts = [*CLIENTS.items(), *THERAPISTS.items(), *ALSO.items()]
        acts += [] if "admin" in roles else PROFESSIONALS.items()
        annas = {f"{act}.{rest}" for act, pattern in acts for rest in cast.fill(pattern, cast.anna)}
        own = {f"{act}.{rest}" for act, pattern in acts for rest in cast.fill(pattern, human)}
        both = {
            f"{act}.{rest}"
            for act, pattern in acts
            for rest in cast.fill(pattern, cast.anna, human)
        }
        for buttons in (sorted(annas - own), sorted(both - annas - own)):
            since = len(world.calls_to(human))
            for data, toast in zip(buttons, await human.forges(*buttons), strict=True):
                kindly = toast in NOT_YOURS if "known" in roles else toast.startswith(STRANGER)
                kindly |= toast in MIXED_UP and data in both - annas
                assert kindly or ("admin" in roles and toast == NOT_FOR_YOU), (data, toast)
            said = said_since(world, human, since)
            tells_nothing(said)
            # A word about a stranger to one's own pair says how that pair stands.
            shown = [line for line in said if not line.startswith("answerCallbackQuery ")]
            assert shown == [] or any(b.startswith(("confirm.", "away.")) for b in buttons)
            assert shown == [] or buttons[0] not in annas
            cells += len(buttons)
        assert await everything(world) == before, human.phone.name
    assert cells > 700


async def test_who_lacks_the_role_is_refused(world: World) -> None:
    cast = await gather(world)
    for human, roles in cast.roles.items():
        for role, acts in (
            ("client", CLIENTS), ("therapist", THERAPISTS), ("professional", PROFESSIONALS),
        ):  # fmt: skip
            if role in roles:
                continue
            mine = [f"{a}.{rest}" for a, p in acts.items() for rest in cast.fill(p, cast.anna)]
            assert len(mine) == len(acts)
            for toast in await human.forges(*mine):
                assert toast == NOT_FOR_YOU or toast.startswith(STRANGER), toast


async def test_what_is_ones_own_shows_nothing_of_anothers(world: World) -> None:
    cast = await gather(world)
    annas = await world.rows(
        "SELECT pair.id, pair.client_id FROM pair WHERE code = 'Q7Z' UNION ALL"
        " SELECT checkin.id, appointment_id FROM checkin JOIN pair ON pair.id = pair_id"
        " WHERE code = 'Q7Z'"
    )
    ids: set[object] = {id for row in annas for id in row}
    before = await everything(world, ids)
    assert sum(map(len, before.values())) > 20
    for human, roles in cast.roles.items():
        if human in (cast.anna, cast.ben):
            continue
        since = len(world.calls_to(human))
        for command, (role, words) in TYPED.items():
            # Whoever types on and on in one second is passed over.
            world.stage.clock.advance_to(world.stage.clock.now() + 1_000)
            for typed in words:
                human.phone.send(f"/{command} {typed}")
            # Nobody types faster, and answers to so many would have to wait for their turn.
            await world.later(minutes=0.1)
            answers = [seen.text or "" for seen in human.phone.chat if seen.from_bot][-len(words) :]
            refused = [a for a in answers if NOT_FOR_YOU in a or STRANGER in a]
            assert len(refused) == (0 if role in roles or role == "anyone" else len(words)), command
        own = CLIENTS if "client" in roles else {}
        own = THERAPISTS | PROFESSIONALS if "therapist" in roles else own
        for act, pattern in [*own.items(), *ANYONES.items()]:
            for rest in cast.fill(pattern, human):
                await human.forges(f"{act}.{rest}")
        tells_nothing(said_since(world, human, since), but="Q7Z")
        assert await everything(world, ids) == before, human.phone.name


async def test_in_the_owners_hands_each_of_these_buttons_does_something(world: World) -> None:
    """Show that what others are refused is worth refusing: the owner's tap is not."""
    cast = await gather(world)
    idle = []
    # After these two there is little left to do.
    end, erase = ({act: acts[act]} for act, acts in (("endyes", THERAPISTS), ("erase", CLIENTS)))
    for human, acts in (
        (cast.ben, {a: p for a, p in THERAPISTS.items() if a not in end} | PROFESSIONALS),
        (cast.anna, {a: p for a, p in CLIENTS.items() if a not in erase}),
        (cast.ben, end),
        (cast.anna, erase),
        (cast.ben, ANYONES),
    ):
        for act, pattern in acts.items():
            (rest,) = cast.fill(pattern, human)
            since = len(world.calls_to(human))
            (toast,) = await human.forges(f"{act}.{rest}")
            shown = [c for c in world.calls_to(human)[since:] if c.method != "answerCallbackQuery"]
            if not shown and (toast == "" or toast in NOT_YOURS):
                idle.append(act)
    # What was sent a moment ago cannot be dropped any more, and nobody's account has changed.
    assert idle == ["dropsay", "notme", "notmine"]
