"""The layers hold, cover every module, and would be noticed if they broke."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

LINTER = Path(sys.executable).with_name("lint-imports")

# Outside the layers: the emulator has contracts of its own, `python -m bot` only calls the command
# line.
BESIDE_THE_LAYERS = {"emulator", "__main__", "draw"}

# One import per contract that it must break; each stands at the foot of a module in a copy.
PLANTED = {
    "bot/core/errors.py": ["import bot.store", "import bot.emulator", "import handlers"],
    "bot/services/ports.py": [
        "import telegram",
        "import resvg_py",
        "import apscheduler",
        "import jinja2",
        "import uvicorn",
        "import prometheus_client",
        "import aiosqlite",
        "import pyrage",
        "import cryptography",
        "import icalendar",
        "import pydantic",
    ],
    "bot/commands/resuming.py": ["import bot.commands.restoring"],
    "bot/emulator/__init__.py": ["import bot.core"],
    "bot/emulator/world.py": ["import bot.emulator.webhook"],
    "handlers/__init__.py": ["import bot.store"],
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINTER), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def contracts(root: Path) -> list[dict[str, Any]]:
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    found: list[dict[str, Any]] = tools["importlinter"]["contracts"]
    return found


def test_the_layers_hold(root: Path) -> None:
    linted = lint(root)

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_contract_notices_its_breach(root: Path, tmp_path: Path) -> None:
    for part in ("bot", "handlers"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    for module, imports in PLANTED.items():
        with (tmp_path / module).open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(imports) + "\n")

    linted = lint(tmp_path)

    said = " ".join(linted.stdout.split())
    assert linted.returncode == 1, linted.stdout + linted.stderr
    held = [c["name"] for c in contracts(root) if f"{c['name']} BROKEN" not in said]
    assert held == []


def test_every_module_stands_in_a_layer(root: Path) -> None:
    (layers,) = (contract for contract in contracts(root) if contract["id"] == "layers")
    named = {module.strip() for layer in layers["layers"] for module in layer.split("|")}
    parts = {
        path.stem
        for path in (root / "bot").iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    }

    expected = {f"bot.{part}" for part in parts - BESIDE_THE_LAYERS - {"__init__"}} | {"handlers"}
    assert named == expected


def test_the_emulator_tells_its_layers_as_they_are(root: Path) -> None:
    (layers,) = (one["layers"] for one in contracts(root) if one["id"] == "emulator-layers")
    package = ast.parse((root / "bot" / "emulator" / "__init__.py").read_text(encoding="utf-8"))
    told = (ast.get_docstring(package) or "").replace(" · ", " | ").splitlines()

    assert [line.strip().split("  ")[0] for line in told if "   " in line] == layers


def test_the_core_needs_only_the_standard_library(root: Path) -> None:
    strangers = {
        f"{path.name}: {name}"
        for path in (root / "bot" / "core").rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("bot.core")
    }

    assert strangers == set()


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names
