"""A program of its own that turns an SVG (standard input) into a PNG (standard output).

It is another process because the drawing library holds the interpreter's lock for as long as it
draws, and a tap must not wait for a picture. Arguments: font files. It imports nothing of Rapport,
so that it starts in a moment.
"""

import sys

from resvg_py import svg_to_bytes


def main() -> None:
    """Draw once and end."""
    png = svg_to_bytes(
        svg_string=sys.stdin.buffer.read().decode("utf-8"),
        font_files=sys.argv[1:],
        skip_system_fonts=True,
    )
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
