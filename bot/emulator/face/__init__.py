"""The emulator's face: one web page with the phones of its people, side by side.

Works for any bot. Hand-written HTML, CSS and modules, served from this folder; nothing is built
and nothing comes from elsewhere.
"""

from bot.emulator.face.pages import Face, act_route, asset, assets

__all__ = ["Face", "act_route", "asset", "assets"]
