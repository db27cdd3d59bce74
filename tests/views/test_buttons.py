"""What buttons carry back: small enough, read strictly, and never believed."""

from __future__ import annotations

import ast
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.draft import Draft, pack
from bot.core.errors import Refused
from bot.instruments import load_instruments
from bot.views.buttons import (
    Tap,
    button,
    columns,
    data,
    link,
    read_id,
    read_tap,
    rows,
    write_id,
)
from handlers import TAPS

ROOT = Path(__file__).parent.parent.parent
LARGEST = 2**63 - 1
WORD = "x" * 24  # the longest key of a questionnaire's item
PACKED = pack(Draft("2026-12-01", "15:00", 180, "fortnightly"))

steady = settings(derandomize=True, database=None, deadline=None, max_examples=80)
IDS = st.integers(0, LARGEST)
ACTS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
ARGS = st.lists(st.one_of(IDS, st.from_regex(r"[A-Za-z0-9_:+-]{0,8}", fullmatch=True)), max_size=2)


@steady
@given(ACTS, IDS, ARGS)
def test_what_is_written_is_read(act: str, subject: int, args: list[int | str]) -> None:
    tap = read_tap(data(act, subject, *args))
    assert (tap.act, tap.subject, len(tap.args)) == (act, subject, len(args))
    for number, arg in enumerate(args):
        assert (tap.id_arg(number) if isinstance(arg, int) else tap.arg(number)) == arg


@steady
@given(st.text(max_size=70))
def test_whatever_comes_back_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        assert 0 <= read_tap(text).subject <= LARGEST


@pytest.mark.parametrize(
    "hostile",
    [
        None, "", ".", "rate", "rate.", ".5", "RATE.5", "rate.A", "rate.-1", "rate.5.a b",
        "rate.5.<b>", "rate.5.'; DROP TABLE pair;--", "rate.5.\n", "rate.5\n", "rate.5.ä",
        "rate.5.\uff18", "rate.zzzzzzzzzzzzz", "rate.12345678901234", "muchtoolong.5", "ra te.5",
        "rate.5." + "x" * 33, "rate.5.\x00", "rate.\u0665", " rate.5",
    ],
)  # fmt: skip
def test_hostile_data_is_refused(hostile: str | None) -> None:
    with pytest.raises(Refused, match="stale_button"):
        read_tap(hostile)


def test_an_argument_that_is_missing_or_no_id_is_refused() -> None:
    tap = Tap("rate", 5, ("heard", "", "zzzzzzzzzzzzz", "-1", "1.5", "\uff18", "1" * 14))
    assert tap.arg(0) == "heard"
    with pytest.raises(Refused, match="stale_button"):
        tap.arg(7)
    for number in range(1, 7):
        with pytest.raises(Refused, match="stale_button"):
            tap.id_arg(number)


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (35, "z"), (36, "10"), (LARGEST, "1y2p0ij32e8e7")])  # fmt: skip  # noqa: E501
def test_ids_are_short(number: int, text: str) -> None:
    assert write_id(number) == text
    assert read_id(text) == number
    with pytest.raises(Refused):
        read_id(write_id(LARGEST + 1))


LONGEST = [
    ("rate", LARGEST, (WORD, "99")),
    ("chip", LARGEST, (WORD, "99", "1")),
    ("choose", LARGEST, (WORD, "99")),
    ("disclose", LARGEST, (WORD, "raise")),
    ("reopen", LARGEST, (WORD,)),
    ("remove", LARGEST, (WORD,)),
    ("pass", LARGEST, (WORD,)),
    ("confirm", LARGEST, (LARGEST,)),
    ("away", LARGEST, (LARGEST,)),
    ("talk", LARGEST, (LARGEST, "999")),
    ("details", LARGEST, (LARGEST, "999")),
    ("later", LARGEST, ("tomorrow",)),
    ("squiet", 0, ("21:00", "08:00")),
    ("tconf", LARGEST, (PACKED, LARGEST)),
    ("tpick", LARGEST, ("repeats", PACKED, "m")),
    ("tmoved", LARGEST, (PACKED,)),
]


@pytest.mark.parametrize(("act", "subject", "args"), LONGEST, ids=lambda value: str(value)[:10])
def test_the_longest_of_each_kind_fits(act: str, subject: int, args: tuple[str | int, ...]) -> None:
    assert act in TAPS
    assert len(data(act, subject, *args).encode()) <= 64


def test_every_key_of_a_questionnaire_fits() -> None:
    for versions in load_instruments().values():
        for instrument in versions.values():
            for item in instrument.items:
                assert data("disclose", LARGEST, item.key, "raise")


@pytest.mark.parametrize(
    ("act", "args"),
    [("toolongact", ()), ("Rate", ()), ("rate", ("a b",)), ("rate", ("ä",)), ("rate", ("x" * 33,)),
     ("rate", ("x" * 32, "x" * 32))],
)  # fmt: skip
def test_what_could_not_be_read_again_is_never_written(act: str, args: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not a button's meaning"):
        button("OK", act, LARGEST, *args)


#: Acts that a handler gives to a view, which then offers them.
CHOSEN_BY_HANDLERS = {"stopping", "erasing"}


def test_every_act_that_is_offered_is_routed_and_every_route_is_offered() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "bot/views").glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    offered = {
        node.args[1].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "button"
        and isinstance(node.args[1], ast.Constant)
    }
    assert len(offered) > 30
    assert offered <= TAPS.keys()
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert TAPS.keys() - words - CHOSEN_BY_HANDLERS == set()


def test_keyboards_are_plain_rows() -> None:
    ok, no = button("OK", "ack", 36, "ok"), link("More", "https://t.me/x")
    assert ok == {"text": "OK", "callback_data": "ack.10.ok"}
    assert no == {"text": "More", "url": "https://t.me/x"}
    assert rows([ok], [], [no, ok]) == ((ok,), (no, ok))
    assert columns([ok] * 5, 2) == [[ok, ok], [ok, ok], [ok]]
