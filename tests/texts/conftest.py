"""The texts as they stand: extracted now, and as the catalogues hold them."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot.render import templates_folder

ROOT = Path(__file__).parents[2]
LOCALE = templates_folder() / "locale"


@pytest.fixture(scope="session")
def extracted() -> Catalog:
    """Collect what `make texts` collects."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")  # type: ignore[no-untyped-call]
    found = Catalog()
    for place, _, message, _, context in extract_from_dir(ROOT, methods, options):
        found.add(message, None, [(place, 1)], context=context)
    return found


def read(path: Path) -> Catalog:
    """Read a catalogue or a template of one."""
    with path.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="session")
def template() -> Catalog:
    """Read the committed list of all texts."""
    return read(LOCALE / "rapport.pot")


@pytest.fixture(scope="session")
def german() -> Catalog:
    """Read the formal German texts."""
    return read(LOCALE / "de" / "LC_MESSAGES" / "rapport.po")


@pytest.fixture(scope="session")
def informal() -> Catalog:
    """Read the informal German texts."""
    return read(LOCALE / "de_du" / "LC_MESSAGES" / "rapport.po")
