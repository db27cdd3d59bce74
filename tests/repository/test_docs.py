"""The README tells of every command and keeps its links and its promises' tests alive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import cli
from handlers import COMMANDS


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def test_it_names_every_command_of_the_chat(readme: str) -> None:
    assert [name for name in COMMANDS if f"/{name}" not in readme] == []


def test_it_names_every_command_of_the_command_line(readme: str) -> None:
    group = get_command(cli)
    names = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        names += [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]

    assert [name for name in names if f"`{name}`" not in readme.replace("rapport ", "")] == []


def test_every_file_it_points_to_is_there(readme: str, root: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', readme)

    assert links
    assert pictures
    assert [path for path in links + pictures if not (root / path).exists()] == []


def test_every_promise_links_to_what_holds_it(readme: str) -> None:
    table = readme.partition("| promise | held by |")[2].partition("\n\n")[0]
    promises = [line.strip("|").split(" | ") for line in table.splitlines()[2:]]

    assert len(promises) > 20
    assert [said for said, held in promises if "](tests/" not in held] == []


def test_every_test_that_the_docs_point_to_is_there(root: Path) -> None:
    pages = {page.name: page.read_text("utf-8") for page in (root / "docs").glob("*.md")}
    named = [
        (name, test)
        for name, text in pages.items()
        for test in re.findall(r"`(tests/[\w/.]+)`", text)
    ]

    assert {name for name, _ in named} >= {"security.md", "reliability.md", "data.md"}
    assert [(name, test) for name, test in named if not (root / test).exists()] == []


def test_the_guides_name_commands_that_there_are_and_point_to_what_is_there(root: Path) -> None:
    docs = root / "docs"
    for name in ("client.md", "client.de.md", "therapist.md", "admin.md"):
        text = (docs / name).read_text("utf-8")
        points = re.findall(r'\]\(([^)#]+)|src="([^"]+)"', text)
        commands = set(re.findall(r"`/(\w+)", text))
        assert [a or b for a, b in points if not (docs / (a or b)).exists()] == []
        assert commands <= set(COMMANDS)


def test_the_pages_for_clients_name_each_command_that_is_for_clients(root: Path) -> None:
    for page in (root / "docs").glob("client*.md"):
        commands = set(re.findall(r"`/(\w+)", page.read_text("utf-8")))
        assert {name for name, route in COMMANDS.items() if route.role == "client"} <= commands


def test_its_pictures_are_light(root: Path) -> None:
    heavy = [path.name for path in (root / "docs").iterdir() if path.stat().st_size > 300_000]

    assert heavy == []
