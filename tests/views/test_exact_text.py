"""Any text in any field is shown as just that text, in a message that Telegram accepts.

The emulator's own reader parses each rendered screen, refuses what Telegram refuses, and gives what
a phone shows. What may be missing there is written down once, in `shown`: nothing else may.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import category

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.config import Settings, load
from bot.core.conversation import Answer, Known
from bot.core.people import Pair, Person
from bot.core.sessions import Given, sessions_of
from bot.demo.stage import write_config
from bot.emulator.entities import RAW_LIMIT_BYTES, TEXT_LIMIT, read_text
from bot.instruments import load_instruments
from bot.render import Renderer
from bot.services.acknowledgements import Telling
from bot.services.enrolment import Who
from bot.services.goals import WORDS_AT_MOST, OwnGoals
from bot.services.lookup import WHOLE, Words
from bot.services.ports import Screen
from bot.services.privacy import OwnWords
from bot.services.sentences import MOST
from bot.services.talks import Talk
from bot.store.checkins import CheckIn
from bot.store.goals import Goal
from bot.views.checkin import CheckInViews
from bot.views.digest import DigestViews
from bot.views.goals import GoalViews
from bot.views.own_answers import OwnAnswerViews
from bot.views.people import PeopleViews
from bot.views.pictures import PictureViews
from bot.views.reader import Desk, Reader
from tests.digest_support import INSTRUMENT, WINDOW, asked

#: What a text loses where it stands within lines of ours: controls (Cc, with NUL), what is
#: invisible or turns direction (Cf) but for the two joiners that letters and pictures need, halves
#: of pairs (Cs), private use (Co); and line breaks and runs of spaces become one space.
DROPPED, JOINERS = ("Cc", "Cf", "Cs", "Co"), "\u200c\u200d"
LONGEST = 4000
NASTY = (
    "<b>", "</blockquote>", "&amp;", "&#0;", "&lt;", "<", ">", "&", '"', "'", "{{ 1 }}",
    "%(words)s",
    "%s", "{0}", "\u202e", "\u2067", "\u200f", "\ufeff", "\u00ad", "\x07", "\n", "\t",
    "\u2028",
    "\u0301" * 20, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U00020bb7",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "https://example.org/?a=1&b=2", "@somebody", "/stop", "#tag", "*a* _b_ `c` ||d||", "“”", "\\",
)  # fmt: skip
#: Telegram lets no half of a pair and no carriage return through.
letters = st.characters(exclude_categories=("Cs",), exclude_characters="\r")
#: Something can be seen of each: what is blank is not taken as an answer.
texts = (
    st.lists(st.one_of(st.sampled_from(NASTY), st.text(letters, max_size=12)), max_size=12)
    .map("".join)
    .filter(lambda text: bool(shown(text)))
)


def shown(text: str) -> str:
    """Give a text as it may be expected within lines of ours."""
    kept = (c for c in text if category(c) not in DROPPED or c.isspace() or c in JOINERS)
    return " ".join("".join(kept).split())


def seen(screen: Screen) -> str:
    """Give what a phone shows of a screen, spaces and invisible signs aside. Errors: Refusal."""
    assert len(screen.text.encode()) <= RAW_LIMIT_BYTES
    text, _ = read_text(screen.text, "HTML", None, limit=TEXT_LIMIT, caption=False)
    return shown(text)


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(write_config(tmp_path_factory.mktemp("practice"), "http://127.0.0.1:9/bot"))


@pytest.fixture(scope="module")
def desk(practice: Settings) -> Desk:
    return Desk(Renderer(), practice)


READER = Reader("en", "Europe/Berlin")
ANNA = Person(1, 2, "Anna", "en", None, None, None, None, None)
PAIR = Pair(1, 3, 1, "A7", "active", 1, 1, 1, "1", None, None, None, None, None)
Show = Callable[[Desk, str], Screen]


def talk(text: str) -> Talk:
    """Anna's check-in, her text written and not decided about."""
    checkin = CheckIn(
        1, 1, 3, 1, "session", INSTRUMENT.name, 1, "open", Known(), None, None, 1, 1, 1, 1, None,
        None, None, None, 10**15, "active", 1, 1, "2026-11-16", b"",
    )  # fmt: skip
    answers = {item.key: Answer(item.key, 8, answered_at=1, changed_at=1)
               for item in INSTRUMENT.ratings}  # fmt: skip
    item = INSTRUMENT.item("different")
    given = Answer(item.key, text, disclosure="keep", in_hand=True, answered_at=1, changed_at=1)
    return Talk(checkin, INSTRUMENT, {**answers, item.key: given}, item, ANNA, 2)


def asked_for(desk: Desk, text: str) -> Screen:
    return CheckInViews(desk).now(talk(text))


def own_words(desk: Desk, text: str) -> Screen:
    answer = Answer("different", text, disclosure="keep", answered_at=1, changed_at=1)
    views = OwnAnswerViews(desk, {}, no_pictures())
    return views.own_words(OwnWords(1, "2026-11-16", answer), READER)


def people(desk: Desk) -> PeopleViews:
    return PeopleViews(desk, "rapport_bot")


def no_pictures() -> PictureViews:
    return object()  # type: ignore[return-value]


def digests(desk: Desk) -> DigestViews:
    return DigestViews(desk, INSTRUMENT, no_pictures(), load_instruments())


def in_full(disclosure: str) -> Show:
    def show(desk: Desk, text: str) -> Screen:
        said = Given("different", text, disclosure)  # type: ignore[arg-type]
        week = asked("2026-11-16", 8, 8, 8, 8, 8, extra=(said,))
        (session,) = sessions_of((week,), WINDOW, INSTRUMENT, WHOLE)
        assert session.shared is not None
        words = Words(1, "A7", session.on, session.shared, 1, 1, 0)
        return digests(desk).words(words, READER)

    return show


def told(desk: Desk, text: str) -> Screen:
    return digests(desk).told(Telling(1, 1, 1, "talk", text), READER)


def goals(desk: Desk, text: str) -> Screen:
    goal = Goal(1, 1, 1, text, "open", None, 1, 1)
    return GoalViews(desk).all(OwnGoals(PAIR, "Ben", (goal,), ()), READER)


def goal(desk: Desk, text: str) -> Screen:
    own = Goal(1, 1, 1, text, "open", None, 1, 1)
    return GoalViews(desk).one(OwnGoals(PAIR, "Ben", (own,), ()), own, READER)


def with_safety(desk: Desk, text: str) -> Screen:
    safety = desk.settings.safety.model_copy(update={"text": {"en": text}})
    other = Desk(desk.render, desk.settings.model_copy(update={"safety": safety}))
    return people(other).help(Who(2, ANNA, frozenset({"therapist", "admin"}), (PAIR,)), READER)


#: Each field, how it is shown, and how long it may be.
FIELDS: dict[str, tuple[Show, int]] = {
    "a text to decide about": (asked_for, 600),
    "an own text": (own_words, LONGEST),
    "a shown text in full": (in_full("show"), LONGEST),
    "a raised text in full": (in_full("raise"), LONGEST),
    "a therapist's sentence": (told, MOST),
    "goals": (goals, WORDS_AT_MOST),
    "a goal": (goal, WORDS_AT_MOST),
    "the safety text": (with_safety, 1500),
}


@pytest.mark.parametrize("field", FIELDS)
@settings(max_examples=60, deadline=None)
@given(text=texts)
@example(text="\u202e<b>&\x00\u200d</b>")
@example(text="\U0001f468\u200d\U0001f469\u200d\U0001f467 \u0645\u06cc\u200c\u062e\u0648")
@example(text="%(words)s {{ 7 }} &amp; &#x41;")
def test_any_text_is_shown_whole_and_alone(desk: Desk, field: str, text: str) -> None:
    show, most = FIELDS[field]
    text = text[:most].strip()  # as each is taken
    if not shown(text):
        return
    plain = seen(show(desk, "placeholder-marmot"))
    before, found, after = plain.partition("placeholder-marmot")
    assert found
    # Nothing but the text differs: it is whole, and what stands around it stays as it was.
    said = seen(show(desk, text))
    assert shown(text) in said
    # An invisible sign at an end may leave its space there.
    assert "".join(said.split()) == "".join(f"{before}{shown(text)}{after}".split())


WIDEST = ("x", "<", "&", "'", "\U0001f9a6", "ß")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("letter", WIDEST)
def test_the_longest_text_is_shown_whole(desk: Desk, field: str, letter: str) -> None:
    show, most = FIELDS[field]
    text = letter * most
    assert text in seen(show(desk, text))
