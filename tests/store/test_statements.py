"""What every SQL statement keeps to, and that none of them is dead.

The text of the store is walked: one SQL for two engines, an audit that is only added to, and no
store function that nothing calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STORE = ROOT / "bot" / "store"
MODULES = sorted(path for path in STORE.glob("*.py") if path.stem != "__init__")
PROGRAM = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")])

#: What knows which engine it is.
OF_THE_ENGINE = ("connections", "transactions", "backup", "presence")

#: Words that only one engine knows, and what replaces the unknown ones.
OF_ONE_ENGINE = re.compile(
    r"json_|strftime|julianday|unixepoch|\bdatetime\s*\(|\bdate\s*\(|\btime\s*\(|\bifnull\b"
    r"|group_concat|INSERT\s+OR\b|REPLACE\s+INTO|AUTOINCREMENT|WITHOUT\s+ROWID|\browid\b"
    r"|last_insert_rowid|\bGLOB\b|\bIIF\s*\(|\bPRAGMA\b|sqlite_|\bSTRICT\b|\btotal\s*\(",
    re.IGNORECASE,
)
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|WHERE|JOIN|PRAGMA|BEGIN|COMMIT)\b")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Give the string literals of a module that are SQL, with their lines."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in docs and SQL.search(text):
            yield node.lineno, text


def test_the_store_is_looked_at_at_all() -> None:
    assert sum(1 for path in MODULES for _ in texts(path)) > 100


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_statement_is_for_both_engines(path: Path) -> None:
    if path.stem in OF_THE_ENGINE:
        return
    odd = [
        f"{path.name}:{line}: {text}" for line, text in texts(path) if OF_ONE_ENGINE.search(text)
    ]
    assert odd == []


def test_the_migrations_are_for_both_engines() -> None:
    for path in (STORE / "migrations").glob("*.sql"):
        lines = [line.split("--")[0] for line in path.read_text("utf-8").splitlines()]
        assert [line for line in lines if OF_ONE_ENGINE.search(line)] == []


def test_the_guard_sees_what_it_guards_against() -> None:
    for word in ("json_extract(x)", "INSERT OR IGNORE INTO x", "datetime(x)", "id AUTOINCREMENT",
                 "ifnull(a, b)", "group_concat(x)", "strftime('%s')", "PRAGMA x"):  # fmt: skip
        assert OF_ONE_ENGINE.search(word)
    for word in ("seen_at BIGINT", "coalesce(a, b)", "digest_time = :time", "updated_at"):
        assert not OF_ONE_ENGINE.search(word)


@pytest.mark.parametrize("table", ["audit", "consent"])
def test_what_is_only_ever_added_to_is_never_changed(table: str) -> None:
    changes = re.compile(rf"\bUPDATE\s+{table}\b|INTO {table}\b.*DO UPDATE", re.DOTALL)
    found = [
        f"{path.name}:{line}" for path in MODULES for line, t in texts(path) if changes.search(t)
    ]
    assert found == []


def test_the_audit_is_deleted_from_by_its_retention_only() -> None:
    deletes = [t for path in MODULES for _, t in texts(path) if re.search(r"DELETE FROM audit", t)]
    assert deletes == ["DELETE FROM audit WHERE at < :before"]


def test_values_never_stand_in_the_text_of_a_statement() -> None:
    """A statement's text holds names of ours at most: constants, and words checked before."""
    looked_at = {"table", "setting", "first", "following"}
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(p.value) for p in node.values if isinstance(p, ast.Constant))
                names = {
                    ast.unparse(p.value) for p in node.values if not isinstance(p, ast.Constant)
                }
                if SQL.search(text) and path.stem != "connections":
                    found |= names
    assert {name for name in found if not re.fullmatch("_?[A-Z_]+", name)} == looked_at


# No dead statements


def functions() -> list[tuple[str, str]]:
    return [
        (path.stem, node.name)
        for path in MODULES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def used() -> set[tuple[str, str]]:
    """Give every (store module, name) that the program refers to, by whatever alias."""
    found: set[tuple[str, str]] = set()
    stems = {path.stem for path in MODULES}
    for path in PROGRAM:
        tree = ast.parse(path.read_text("utf-8"))
        aliases: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "bot.store":
                aliases |= {n.asname or n.name: n.name for n in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bot.store."):
                found |= {(str(node.module).rsplit(".", 1)[1], n.name) for n in node.names}
        here = path.stem if path.parent == STORE and path.stem in stems else None
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id in aliases:
                    found.add((aliases[node.value.id], node.attr))
            elif isinstance(node, ast.Name) and here is not None:
                found.add((here, node.id))
    return found


#: Written for use cases that are still to come; each goes from here with its first caller.
TO_COME = {
    ("timetable", "find_next_appointment"),
    ("timetable", "find_previous_appointment"),
}


def test_every_function_of_the_store_is_called() -> None:
    assert set(functions()) - used() == TO_COME
