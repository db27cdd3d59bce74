"""The drawing itself: golden drawings, and pixels where a mark has to be."""

from __future__ import annotations

import asyncio
import zlib
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension

from bot import pictures
from bot.core.picture import Dot, Panel, Picture, arrange
from bot.pictures import INKS, NotDrawn, Pictures, Theme, draw
from bot.render import Renderer, gettext, speaking

CAUTION = (
    "Conversation aid. Not validated; no norms or clinical cut-offs; not comparable with SRS or "
    "WAI scores."
)
COURSE = Panel(
    "A7 · Mon 15:00",
    (
        Dot("2026-10-05", 8.6),
        Dot("2026-10-12", 8.8),
        Dot("2026-10-19", None),
        Dot("2026-10-26", 9.0),
        Dot("2026-11-02", 4.6, "low"),
        Dot("2026-11-09", 5.6, "below"),
        Dot("2026-11-16", 8.8, "back"),
        Dot("2026-11-23", 10.0),
    ),
    8.7,
    7.4,
    10.0,
)
NEW = Panel("B2 · Tue 09:00", (Dot("2026-11-17", 6.4), Dot("2026-11-24", 0.0)))
SILENT = Panel("C3 · Wed 18:00", (Dot("2026-11-18", None),))


_NOTHING = bytes(4)


class Pixels:
    """A PNG of 8 bits with red, green, blue and alpha, read by hand."""

    def __init__(self, png: bytes) -> None:
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        packed, place = b"", 8
        while place < len(png):
            length, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
            body = png[place + 8 : place + 8 + length]
            if kind == b"IHDR":
                self.width, self.height = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
                assert body[8:10] == b"\x08\x06"
            packed += body if kind == b"IDAT" else b""
            place += 12 + length
        raw, stride = zlib.decompress(packed), 4 * self.width + 1
        self._rows = [bytes(4 * self.width)]
        for start in range(0, len(raw), stride):
            self._rows.append(self._plain(raw[start], raw[start + 1 : start + stride]))

    def _plain(self, filtered: int, line: bytes) -> bytes:
        above = self._rows[-1]
        if filtered == 0:
            return line
        if filtered == 1:
            row = bytearray(line)
            for channel in range(4):
                sums = accumulate(line[channel::4])
                row[channel::4] = bytes(value & 255 for value in sums)
            return bytes(row)
        if filtered == 2:
            return bytes((value + up) & 255 for value, up in zip(line, above, strict=True))
        guess = _average if filtered == 3 else _paeth
        row, left, corner = bytearray(), bytes(4), bytes(4)
        for place in range(0, len(line), 4):
            up, more = above[place : place + 4], line[place : place + 4]
            # Where nothing is above but what was, Paeth guesses the left: most of a drawing.
            if filtered == 3 or up != corner or more != _NOTHING:
                left = bytes((guess(left[i], up[i], corner[i]) + more[i]) & 255 for i in range(4))
            corner = up
            row += left
        return bytes(row)

    def at(self, x: float, y: float) -> str:
        """Give a pixel's colour as `#rrggbb`."""
        start = 4 * int(x)
        return "#" + self._rows[int(y) + 1][start : start + 3].hex()


def _average(left: int, above: int, _: int) -> int:
    return (left + above) // 2


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "panels"),
    [("one", [COURSE]), ("three", [COURSE, NEW, SILENT]), ("twelve", [COURSE, NEW] * 6)],
)
def test_the_drawing_is_as_it_was_looked_at(
    theme: Theme, name: str, panels: list[Panel], snapshot: SnapshotAssertion
) -> None:
    drawn = Pictures(Renderer(), theme).svg(panels, "en", CAUTION)
    assert drawn == snapshot(extension_class=SVGImageSnapshotExtension)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_marks_are_drawn_where_the_scores_are(theme: Theme) -> None:
    drawn = Pixels(await Pictures(Renderer(), theme).png([COURSE, NEW], "en", CAUTION))
    picture, ink = arrange([COURSE, NEW]), INKS[theme]
    assert (drawn.width, drawn.height) == (picture.width, picture.height)
    colours = {"plain": ink.line, "low": ink.low, "below": ink.below, "back": ink.back}
    marks = [mark for panel in picture.panels for mark in panel.marks]
    assert {shape for _, _, shape, _ in marks} == set(colours)
    for x, y, shape, _ in marks:
        assert drawn.at(x, y) == colours[shape]
    band, mark = picture.panels[0].band, picture.panels[0].marks[0]
    assert band is not None
    assert drawn.at(mark[0] + 3, band[0] + band[1] - 4) == ink.band
    assert drawn.at(5, 5) == ink.paper


async def test_words_are_drawn_with_the_font_that_is_shipped() -> None:
    """Latin, Greek and Cyrillic letters leave different pixels; a missing font leaves none."""
    seen = set()
    for title in ("A7", "Ж7", "Ω7"):
        panel = Panel(title, (Dot("2026-11-02", 5.0),))
        drawn = Pixels(await Pictures(Renderer(), "light").png([panel], "en", CAUTION))
        seen.add(_row_of(drawn, arrange([panel])))
    assert len(seen) == 3


def _row_of(drawn: Pixels, picture: Picture) -> str:
    (panel,) = picture.panels
    return "".join(drawn.at(x, panel.title_y - 10) for x in range(panel.left - 40, panel.left + 40))


def test_marks_differ_in_shape_and_not_in_colour_alone() -> None:
    drawn = Pictures(Renderer(), "light").svg([COURSE], "en", CAUTION)
    outlines = {}
    for fill in (INKS["light"].low, INKS["light"].below, INKS["light"].back):
        (outline, *_) = [line for line in drawn.splitlines() if f'fill="{fill}"' in line]
        path = outline.split(' d="')[1].split('"')[0]
        outlines[fill] = "".join(letter for letter in path if letter.isalpha())
        assert "<path" in outline
    flat, tip = INKS["light"].below, INKS["light"].back
    assert outlines[INKS["light"].low] != outlines[flat] == outlines[tip]
    assert f'fill="{flat}"' in drawn
    assert f'fill="{tip}"' in drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_ink_can_be_told_from_the_paper(theme: Theme) -> None:
    """Contrast as WCAG 2.2 defines it: 4.5 for letters, 3 for marks."""
    ink = INKS[theme]
    for letters in (ink.text, ink.quiet):
        assert _contrast(letters, ink.paper) >= 4.5
    for mark in (ink.line, ink.low, ink.below, ink.back):
        assert _contrast(mark, ink.paper) >= 3
        assert _contrast(mark, ink.band) >= 3


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_light(one), _light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _light(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_hostile_title_stays_a_title() -> None:
    panel = Panel('</text><script>"&', (Dot("2026-11-02", 5.0),))
    drawn = Pictures(Renderer(), "light").svg([panel], "en", CAUTION)
    assert "<script>" not in drawn
    assert "&lt;/text&gt;&lt;script&gt;&#34;&amp;" in drawn


def test_the_words_are_in_the_readers_language() -> None:
    drawn = Pictures(Renderer(), "light").svg([COURSE, NEW], "de", "Gesprächshilfe.")
    assert "niedriger als sonst" in drawn
    assert "10,0" in drawn
    assert "5. Okt." in drawn


@pytest.mark.parametrize("language", ["en", "de", "de_du"])
async def test_no_line_of_the_legend_is_cut(language: str) -> None:
    caution = gettext_of(language, CAUTION)
    drawn = Pixels(await Pictures(Renderer(), "light").png([COURSE], language, caution))
    top = arrange([COURSE]).legend_y
    ink = {drawn.at(x, y) for x in range(1256, 1280) for y in range(top - 10, drawn.height)}
    assert ink == {INKS["light"].paper}, "letters reach into the margin"


def gettext_of(language: str, words: str) -> str:
    with speaking(language):
        return gettext(words)


async def test_what_cannot_be_drawn_says_so() -> None:
    with pytest.raises(NotDrawn, match="ended with 1"):
        await draw("<svg")


async def test_a_drawing_that_takes_too_long_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "draw.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    monkeypatch.setattr(pictures, "_HERE", tmp_path)
    monkeypatch.setattr(pictures, "_SECONDS", 0.3)
    with pytest.raises(NotDrawn, match="not ready"):
        await draw("<svg/>")


async def test_the_loop_goes_on_while_a_picture_is_drawn() -> None:
    panels, moments, loop = [COURSE] * 12, [], asyncio.get_running_loop()
    drawing = asyncio.create_task(Pictures(Renderer(), "light").png(panels, "en", CAUTION))
    while not drawing.done():
        moments.append(loop.time())
        await asyncio.sleep(0.002)
    assert len(moments) > 20
    pauses = sorted(after - before for before, after in pairwise(moments))
    # One pause renders the template; drawing the same in a thread would stop it for 0.3 s.
    assert pauses[-2] < 0.1
