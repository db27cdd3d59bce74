"""Texts: owns Jinja2, the languages and the templates.

A practice's own templates are searched before the packaged ones, in a sandbox; where one of them
fails, the packaged ones speak and the log says so. Every template is HTML for Telegram: values are
escaped, an undefined name is an error.
"""

from bot.render.renderer import Renderer
from bot.render.words import (
    dated,
    dated_moment,
    day,
    full_weekday,
    gettext,
    month,
    ngettext,
    speaking,
    spoken,
    templates_folder,
    weekday,
)

__all__ = [
    "Renderer",
    "dated",
    "dated_moment",
    "day",
    "full_weekday",
    "gettext",
    "month",
    "ngettext",
    "speaking",
    "spoken",
    "templates_folder",
    "weekday",
]
