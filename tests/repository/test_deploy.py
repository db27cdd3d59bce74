"""The service and the image: what can be held without systemd as process 1 and without Docker.

1. Everything they name is there: files, commands, exit codes, folders in the page about them.
2. The service has no rights to speak of; the image runs as nobody special, from the lock.
3. Nothing secret can get into the image.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot.cli import cli
from bot.config.sources import SECRETS_VARIABLE


@pytest.fixture
def unit(root: Path) -> dict[str, list[str]]:
    """Give every setting of the service with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in (root / "docs" / "deploy" / "rapport.service").read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def image(root: Path) -> list[tuple[str, str]]:
    """Give every instruction of the Dockerfile."""
    text = (root / "docs" / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def of(image: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in image if name == word]


def commands() -> set[str]:
    group: Any = get_command(cli)
    return set(group.commands)


# The service


def test_the_service_starts_a_command_that_there_is(unit: dict[str, list[str]]) -> None:
    program, command, option, config = unit["ExecStart"][0].split()
    assert program.endswith("/rapport")
    assert command in commands()
    assert (option, config) == ("--config", "/etc/rapport/config.toml")


def test_it_reads_the_same_secrets_as_what_is_run_by_hand(
    unit: dict[str, list[str]], root: Path
) -> None:
    named = unit["Environment"][0]
    assert named.partition("=")[0] == SECRETS_VARIABLE
    assert f"sudo -u rapport {named} " in (root / "docs" / "operating.md").read_text("utf-8")


def test_it_is_not_started_again_where_only_a_person_can_help(
    unit: dict[str, list[str]],
) -> None:
    told = re.findall(r"\b(\d) [a-zA-Z]", sys.modules["bot.cli"].__doc__ or "")
    codes = set(map(int, told))
    assert set(map(int, unit["RestartPreventExitStatus"][0].split())) == codes - {0, 1}
    assert unit["Restart"] == ["on-failure"]


def test_it_has_no_rights_to_speak_of(unit: dict[str, list[str]]) -> None:
    assert unit["User"] == ["rapport"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["StateDirectoryMode"] == ["0700"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome",
                 "MemoryDenyWriteExecute", "RestrictNamespaces", "LockPersonality"):  # fmt: skip
        assert unit[name] == ["yes"], name


def test_systemd_finds_no_fault_and_little_exposure(root: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (root / "docs" / "deploy" / "rapport.service").read_text("utf-8")
    program = re.search(r"^ExecStart=(\S+)", text, re.M)
    assert program is not None
    here = tmp_path / "rapport.service"
    here.write_text(text.replace(program[1], sys.executable), "utf-8")
    for words in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        said = subprocess.run(
            ["systemd-analyze", *words, str(here)], capture_output=True, text=True, check=False
        )
        if "Unknown" in said.stderr and "option" in said.stderr:
            pytest.skip("this systemd-analyze is too old")
        assert said.returncode == 0, said.stdout[-500:] + said.stderr
        ours = [line for line in said.stderr.splitlines() if "rapport.service" in line]
        assert ours == []


# The image


def test_all_that_the_image_copies_is_there_and_not_left_out(
    root: Path, image: list[tuple[str, str]]
) -> None:
    taken = [rest.split()[:-1] for rest in of(image, "COPY") if not rest.startswith("--from")]
    names = {name for names in taken for name in names}
    assert {"bot", "handlers", "templates", "requirements.lock", "pyproject.toml"} <= names
    assert [name for name in names if not (root / name).exists()] == []
    ignore = (root / "docs" / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split("\n")
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == names


def test_what_the_wheel_is_built_from_is_copied(root: Path, image: list[tuple[str, str]]) -> None:
    taken = {name for rest in of(image, "COPY") for name in rest.split()[:-1]}
    text = (root / "pyproject.toml").read_text("utf-8")
    readme = re.search(r'^readme = "(.+)"$', text, re.M)
    licences = re.search(r"^license-files = \[(.+)\]$", text, re.M)
    assert readme is not None
    assert licences is not None
    needed = {readme[1], *re.findall(r'"([^"]+)"', licences[1])}
    assert [name for name in needed if name.split("/")[0] not in taken] == []


def test_nothing_secret_gets_into_the_image(root: Path) -> None:
    ignore = (root / "docs" / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split("\n")
    taken = [rule[1:] for rule in ignore if rule.startswith("!")]
    for secret in ("config.toml", "rapport.key", "rapport.sqlite3", "secrets", "erasures.log",
                   "x.age", ".git", ".venv"):  # fmt: skip
        assert not any(fnmatch(secret, rule) for rule in taken), secret


def test_the_image_is_made_from_the_lock_alone(image: list[tuple[str, str]]) -> None:
    installs = re.findall(r"pip install ([^&]+)", " && ".join(of(image, "RUN")))
    assert len(installs) == 2
    assert all("--no-deps" in words for words in installs)
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-build-isolation" in installs[1]


def test_the_image_runs_as_nobody_special(image: list[tuple[str, str]]) -> None:
    (user,) = of(image, "USER")
    assert all(int(number) >= 10_000 for number in user.split(":"))
    after = [word for word, _ in image[image.index(("USER", user)) :]]
    assert not {"RUN", "COPY", "ADD"} & set(after)


def test_what_the_image_runs_and_asks_are_commands(image: list[tuple[str, str]]) -> None:
    (entry,), (run,), (health,) = (of(image, word) for word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
    assert entry == '["rapport"]'
    assert re.findall(r'"(\w+)"', run)[0] in commands()
    asked = re.findall(r'"(\w+)"', health)
    assert asked == ["rapport", "health"]
    assert asked[1] in commands()


def test_the_container_is_read_only_and_without_rights(root: Path) -> None:
    text = (root / "docs" / "deploy" / "compose.yaml").read_text("utf-8")
    for line in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true",
                 "/etc/rapport:/etc/rapport:ro"):  # fmt: skip
        assert line in text
    assert (root / "docs" / "deploy" / "../..").resolve() == root.resolve()


# The page about it


def test_the_page_names_no_command_that_there_is_not(root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text("utf-8")
    named = set(re.findall(r"`rapport ([a-z-]+)", page))
    named |= set(re.findall(r"^rapport ([a-z-]+)", page, re.M))
    assert named >= {"health", "backup", "restore", "check", "init", "telegram"}
    assert named - commands() == set()


def test_the_page_tells_every_metric_and_every_part(root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text("utf-8")
    metrics = (root / "bot" / "transport" / "metrics.py").read_text("utf-8")
    names = set(re.findall(r'"(?:rapport_)?([a-z]+_[a-z_]+)"', metrics)) - {"rapport_check"}
    assert len(names) > 10
    assert [name for name in names if f"rapport_{name}" not in page] == []
    parts = set(re.findall(r'Check\("([a-z ]+)"', (root / "bot/core/health.py").read_text("utf-8")))
    assert len(parts) == 10
    assert [part for part in parts if f"| {part} |" not in page] == []
