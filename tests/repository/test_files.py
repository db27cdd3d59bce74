"""What stands in the repository is the project's own: nothing of a machine, nothing unpinned."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

# Put together from halves, so that this file does not find itself.
OF_A_MACHINE = re.compile(
    "|".join(
        [
            "/wo" + r"rk/(main|shared)\b",
            "/ho" + r"me/\w",
            "/ro" + r"ot/",
            "/Us" + r"ers/\w",
            "/op" + r"t/(wheels|pypi)",
            "/tm" + r"p/\w",
            "file" + ":///",
        ]
    )
)
OF_AN_INDEX = re.compile(
    "|".join(
        [
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            "npm" + r"js\.(org|com)",
            "--(extra-)?" + "index-url",
            "--find" + "-links",
            "--trusted" + "-host",
        ]
    )
)
LOCKS = ["requirements.lock", "requirements-dev.lock"]
OF_OTHERS = ["tests/emulator/aiogram/requirements.lock", "tests/independent/requirements.lock"]


@pytest.fixture(scope="module")
def texts(root: Path) -> dict[str, str]:
    """Give the text of every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (root / name).read_bytes() if (root / name).is_file() else b""
        if b"\0" not in content:
            found[name] = content.decode("utf-8")
    return found


def test_the_guard_sees_the_repository(texts: dict[str, str]) -> None:
    assert {"pyproject.toml", "Makefile", "bot/__init__.py", ".ci/run", *LOCKS} <= set(texts)


def test_no_file_knows_a_machine(texts: dict[str, str]) -> None:
    assert matches(texts, OF_A_MACHINE) == []


def test_no_file_names_a_package_index(texts: dict[str, str]) -> None:
    # The Makefile tells the lock's compiler to leave all of them out.
    allowed = re.compile("--no-emit-[a-z-]+")
    without = {name: allowed.sub("", text) for name, text in texts.items()}

    assert matches(without, OF_AN_INDEX) == []


def matches(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "/ho" + "me/anna/x",
        "/tm" + "p/x",
        "see /wo" + "rk/main/bot",
        "https://py" + "pi.org/simple",
        "--index" + "-url x",
    ],
)
def test_the_guard_would_notice(line: str) -> None:
    found = matches({"a": line}, OF_A_MACHINE) + matches({"a": line}, OF_AN_INDEX)

    assert len(found) == 1


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, flags=re.MULTILINE))


def asked_for(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9-]+", requirement) for requirement in requirements)
    return {name[0].lower() for name in names if name}


@pytest.mark.parametrize("name", [*LOCKS, *OF_OTHERS])
def test_every_pinned_package_has_hashes(texts: dict[str, str], name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", texts[name].strip())

    assert len(entries) == len(pins(texts[name])) > 0
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_what_the_project_asks_for(texts: dict[str, str]) -> None:
    frame = tomllib.loads(texts["pyproject.toml"])
    runtime, dev = (pins(texts[name]) for name in LOCKS)
    project = frame["project"]

    assert asked_for(project["dependencies"]) - set(runtime) == set()
    assert asked_for(frame["build-system"]["requires"]) - set(runtime) == set()
    assert asked_for(project["optional-dependencies"]["dev"]) - set(dev) == set()


def test_development_runs_what_a_practice_runs(texts: dict[str, str]) -> None:
    runtime, dev = (pins(texts[name]) for name in LOCKS)

    assert runtime.items() <= dev.items()


def test_the_continuous_check_can_be_run(root: Path) -> None:
    script = root / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "config.toml",
        "rapport.key",
        "rapport.key.new",
        "rapport.key.before-20261129T120424Z",
        "rapport.sqlite3",
        "rapport.sqlite3.before-restore-20261129T120243Z",
        "rapport-20261129T115354Z.age",
        "erasures.log",
        "erasures-20261129T115354Z.log",
    ],
)
def test_what_a_practice_in_a_checkout_has_there_is_never_committed(root: Path, name: str) -> None:
    """The README puts the configuration into a checkout; all else begins in its folder."""
    asked = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=root, check=False)

    assert asked.returncode == 0
