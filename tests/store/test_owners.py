"""Whose it is stands in the statement: ownership is asked of the row and not looked up before.

1. A function of the store that is given an owner binds the owner in each of its statements.
2. One that is given somebody's row without an owner is listed here with its reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

STORE = Path(__file__).parent.parent.parent / "bot" / "store"
OWNERS = {"therapist_id", "client_id", "person_id"}
OWNED = {"pair_id", "checkin_id", "digest_id", "appointment_id", "rule_id", "invitation_id",
         "message_id", "checkin"}  # fmt: skip
BOUND = re.compile(
    r"\b(?:therapist_id|client_id|person_id|former_id) = :\w+"
    r"|(?:FROM|UPDATE) person\b.* WHERE (?:person\.)?id = :"
)

#: Called in a transaction that has found the row by its owner before.
FOUND_BEFORE = {
    "answers.answers_of", "answers.note_update", "answers.save_answers", "asking.find_first_start",
    "goals.add_goal", "goals.end_goal", "goals.goals_of_pair", "goals.has_goals",
    "goals.open_goals", "goals.ratings_of", "goals.goals_by_item", "history.heard_of_last",
    "holdings.holdings_of",
    "asking.find_next_start", "asking.latest_acknowledgement", "checkin_ends.close",
    "checkin_ends.end_unfinished", "checkin_ends.end_all", "checkins.has_goodbye",
    "timetable.clear_timetable",
    "timetable.count_future",
    "checkins.messages_of_pair", "checkins.note_progress",
    "checkins.snooze", "digests.marks_of", "digests.places_of", "history.checkins_of_pair",
    "invitations.revoke_invitations", "outbox.drop_queued_of_pair", "outbox.is_on_its_way",
    "pairs.note_consent",
    "rules.open_rules_of_pair", "watch.find_watched", "watch.forget_choices",
    "watch.forget_watched", "watch.save_watched", "timetable.cancel_future_of_rule",
    "timetable.future_appointments_of_rule", "timetable.withdraw_checkin", "erasure.erase_pair",
    "closings.is_older", "redactions.owe_redactions",
    "feed_series.add_alias", "absences.bring_back", "absences.cancel",
    "asking.decide_anew", "checkins.open_of_pair", "handovers.add_asked",
    "handovers.questions_of_pair",
    "handovers.withdraw_earlier",
}  # fmt: skip
#: What the program does of itself when a row is due: nobody asks for it.
OF_ITSELF = {
    "answers.ratings_before", "asking.asked_between", "asking.bring_closing_forward",
    "asking.is_silent_running", "asking.was_asked_how_to_go_on", "asking.was_asked_last",
    "asking.note_decision", "asking.sessions_until", "asking.was_asked", "checkins.add_checkin",
    "asking.find_undecided_start",
    "checkins.load_checkin", "checkin_ends.withdraw",
    "checkin_ends.note_folded", "checkins.note_reminded", "checkins.note_sent",
    "digests.load_digest", "outbox.end", "outbox.fail_queued", "outbox.owe_again",
    "outbox.put_back", "outbox.put_off", "absences.session_of", "waiting.bring_forward",
    "timetable.insert_appointment",
    "feed_events.call_off", "feed_events.find_overlapping",
    "wrong_client.was_taken_away", "wrong_client.leave_unasked",
    "feed_events.place_of",
    "feed_events.is_sent", "feed_events.is_taken", "feed_events.keep_event",
    "feeds.want_reading", "losses.find_untold", "losses.keeps_text", "losses.presume_sent",
    "timetable.find_next_appointment", "outbox.find_owner",
    "timetable.find_previous_appointment", "unopened.find_lying",
}  # fmt: skip
#: What an invitation's own code, or nothing but the pair's row itself, leads to.
BY_ITS_CODE = {
    "invitations.add_invitation",
    "invitations.use_invitation",
    "pairs.load_pair",
    "rules.insert_rule",
}
#: Decided for the practice on its own server, by whoever has the files.
ON_THE_SERVER = {"erasure.weigh", "pairs.decline_erasure", "relinks.settle_objection"}


def functions() -> Iterator[tuple[str, ast.AsyncFunctionDef, dict[str, str]]]:
    """Give each public function of the store, with the texts of its module's constants."""
    for path in sorted(STORE.glob("*.py")):
        if path.stem in ("database", "migrate", "vault"):
            continue
        tree, constants = ast.parse(path.read_text("utf-8")), constants_of(path.stem)
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield f"{path.stem}.{node.name}", node, constants


def constants_of(module: str) -> dict[str, str]:
    """Give the texts of a store module's constants, those it takes from others included."""
    constants: dict[str, str] = {}
    for node in ast.parse((STORE / f"{module}.py").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bot.store."):
            theirs = constants_of(str(node.module).rsplit(".", 1)[1])
            constants |= {n.name: theirs[n.name] for n in node.names if n.name in theirs}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            constants[ast.unparse(target)] = text_of(node.value, constants)
    return constants


def text_of(node: ast.AST, constants: dict[str, str]) -> str:
    """Put a text together from its literals and the constants it names."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part, constants) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Name(id=name):
            return constants.get(name, "…")
        case ast.BinOp(left=left, right=right):
            return text_of(left, constants) + text_of(right, constants)
        case _:
            return ""


def statements(node: ast.AsyncFunctionDef, constants: dict[str, str]) -> list[str]:
    """List the statements that a function runs."""
    found = []
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("tx.one", "tx.all", "tx.run"):
            found.append(text_of(call.args[0], constants))
    return found


def arguments(node: ast.AsyncFunctionDef) -> set[str]:
    return {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}


def unbound(node: ast.AsyncFunctionDef, constants: dict[str, str]) -> list[str]:
    """List the statements that do not bind an owner in their condition."""
    return [
        text
        for text in statements(node, constants)
        if not text.startswith("INSERT") and not BOUND.search(text)
    ]


ALL = {name: (node, constants) for name, node, constants in functions()}
WITH_OWNER = {n for n, (node, _) in ALL.items() if arguments(node) & OWNERS} - BY_ITS_CODE


def test_the_store_is_looked_at_at_all() -> None:
    assert len(WITH_OWNER) > 40
    assert sum(len(statements(*each)) for each in ALL.values()) > 120


@pytest.mark.parametrize("name", sorted(WITH_OWNER))
def test_an_owner_that_is_given_stands_in_each_statement(name: str) -> None:
    node, constants = ALL[name]
    assert unbound(node, constants) == []


def test_whoever_gives_no_owner_has_a_reason() -> None:
    without = {n for n, (node, _) in ALL.items() if arguments(node) & OWNED} - WITH_OWNER
    reasoned = FOUND_BEFORE | OF_ITSELF | BY_ITS_CODE | ON_THE_SERVER
    assert without == reasoned
