"""What a practice installs needs no checkout: the wheel alone, in a new environment, from `/`."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

# Compiles every packaged template with the program's own renderer, wherever the package landed.
READ_TEMPLATES = "from bot.render import Renderer; print(Renderer().compile_all())"

# Serves the demo's page from wherever the package landed, and asks for all that the page loads.
LOAD_PAGE = """
import asyncio, re, urllib.request
from bot.demo.round import Plan
from bot.demo.show import show

async def main():
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    showing = asyncio.create_task(show(0, Plan(enrolled=False), stop, ready.set_result))
    url = await ready
    fetch = lambda path: urllib.request.urlopen(url + path, timeout=10).read().decode()
    todo, seen = ["/"], {}
    while todo:
        path = todo.pop()
        if path not in seen:
            seen[path] = await asyncio.to_thread(fetch, path.lstrip("/"))
            folder = path.rpartition("/")[0]
            todo += re.findall(r'(?:src|href)="(/[^"]+)"', seen[path])
            for name in re.findall(r'from "([^"]+)"', seen[path]):
                todo.append(folder + name[1:] if name.startswith("./") else name)
    stop.set()
    await showing
    print(sorted(seen))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=root,
        check=True,
        capture_output=True,
        timeout=100,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone; give the environment's bin folder.

    The dependencies come from the environment that runs the tests, so nothing is fetched. A path
    listed in a .pth file is searched, but .pth files inside it are not read: an editable install
    of the checkout stays out of reach.
    """
    place = tmp_path_factory.mktemp("practice") / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
        timeout=100,
    )
    (site,) = place.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin"


def run_from_root(*command: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "RAPPORT", "COV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd="/",
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_holds_the_program_its_data_and_its_templates_and_nothing_else(
    root: Path, wheel: Path
) -> None:
    with zipfile.ZipFile(wheel) as packed:
        inside = {name for name in packed.namelist() if ".dist-info/" not in name}
        licences = {name.rsplit("/", 1)[1] for name in packed.namelist() if "/licenses/" in name}
    expected = {
        path.relative_to(root).as_posix() if top != "templates" else f"bot/{path.relative_to(root)}"
        for top in ("bot", "handlers", "templates")
        for path in (root / top).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }

    assert inside == expected
    assert licences == {"LICENSE", "LICENSE-CC0", "LICENSE-DejaVu"}


def test_the_installed_program_is_not_the_checkout(installed: Path) -> None:
    where = run_from_root(
        installed / "python", "-c", "import bot, handlers; print(bot.__file__, handlers.__file__)"
    )

    assert where.returncode == 0, where.stderr
    assert all(place.startswith(str(installed.parent)) for place in where.stdout.split())


def test_the_command_runs_from_anywhere(installed: Path, wheel: Path) -> None:
    version = run_from_root(installed / "rapport", "version")

    assert version.returncode == 0, version.stderr
    assert wheel.name.split("-")[1] in version.stdout


def test_the_command_tells_the_mistakes_of_a_configuration(
    installed: Path, root: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes((root / "config.example.toml").read_bytes())

    checked = run_from_root(installed / "rapport", "check", "--config", config)

    assert checked.returncode != 0
    assert "practice.timezone" in checked.stdout + checked.stderr
    assert "Traceback" not in checked.stderr


def test_every_packaged_template_is_found_from_anywhere(root: Path, installed: Path) -> None:
    read = run_from_root(installed / "python", "-c", READ_TEMPLATES)

    assert read.returncode == 0, read.stderr
    assert int(read.stdout) == len(list((root / "templates").rglob("*.j2"))) > 0


def test_the_demos_page_is_found_from_anywhere(installed: Path) -> None:
    loaded = run_from_root(installed / "python", "-c", LOAD_PAGE)

    assert loaded.returncode == 0, loaded.stderr
    for path in ("/demo/demo.js", "/demo/hints.js", "/face/face.css", "/face/phone.js"):
        assert repr(path) in loaded.stdout
