"""Pictures of scores: owns colours, the font and the program that draws.

Every number in a picture stands in the text beside it too; a picture that cannot be drawn is an
error of its own, and nothing else fails with it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from textwrap import wrap
from typing import Final, Literal
from zlib import compress, crc32

from bot.core.picture import Panel, arrange
from bot.render import Renderer

Theme = Literal["light", "dark"]


def _blank(width: int, height: int) -> bytes:
    """Give a PNG in which there is nothing: white, one bit a pixel (PNG specification, part 5)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return pack(">I", len(body)) + kind + body + pack(">I", crc32(kind + body))

    rows = (b"\x00" + b"\xff" * (width // 8)) * height
    head = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


#: What takes the place of a picture that cannot be deleted any more.
BLANK: Final = _blank(320, 160)

_HERE: Final = Path(__file__).parent
_FONT: Final = _HERE / "fonts" / "DejaVuSans.ttf"
_SECONDS: Final = 20.0
#: How many characters of 22 pixels fit across.
_CAUTION_WIDE: Final = 96


@dataclass(frozen=True, slots=True)
class Inks:
    """The colours of a theme; marks differ in shape as well."""

    paper: str
    text: str
    quiet: str
    grid: str
    band: str
    line: str
    low: str
    below: str
    back: str


INKS: Final[dict[Theme, Inks]] = {
    "light": Inks(
        paper="#ffffff", text="#1c1c1e", quiet="#5b5b63", grid="#dedee3", band="#e8f0fa",
        line="#2f6db5", low="#b45309", below="#b91c1c", back="#15803d",
    ),
    "dark": Inks(
        paper="#17212b", text="#f2f4f7", quiet="#a9b4c0", grid="#33414f", band="#24384d",
        line="#7db4f0", low="#f6ad55", below="#fc8181", back="#68d391",
    ),
}  # fmt: skip


class NotDrawn(Exception):
    """A picture could not be drawn; the message says why, without content."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws pictures in the practice's theme."""

    renderer: Renderer
    theme: Theme

    def svg(self, panels: Sequence[Panel], language: str, caution: str) -> str:
        """Give the drawing of 1 to 12 panels. Errors: ValueError for none or too many."""
        return self.renderer.drawing(
            "picture/scores",
            language,
            picture=arrange(panels),
            ink=INKS[self.theme],
            bands=any(panel.lower is not None for panel in panels),
            anew=any(dot.begins_anew for panel in panels for dot in panel.dots),
            gaps=any(dot.score is None for panel in panels for dot in panel.dots),
            caution=wrap(caution, _CAUTION_WIDE),
        )

    async def png(self, panels: Sequence[Panel], language: str, caution: str) -> bytes:
        """Draw 1 to 12 panels, in a process of its own. Errors: `NotDrawn`."""
        return await draw(self.svg(panels, language, caution))


async def draw(svg: str) -> bytes:
    """Turn an SVG into PNG bytes. Errors: `NotDrawn`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_HERE / "draw.py"), str(_FONT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SECONDS):
            png, _ = await process.communicate(svg.encode("utf-8"))
    except TimeoutError:
        raise NotDrawn(f"the picture was not ready after {_SECONDS:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotDrawn(f"the drawing program ended with {process.returncode}")
    return png
