"""The practice's settings: config.toml, secret files and the environment as one typed `Settings`.

Owns: names, defaults and ranges of every setting, and telling an admin all mistakes at once.
Refuses: unknown names, half-filled files and silent corrections; it never repeats the token. What
people change at run time lives in the database and is none of its business.
"""

from bot.config.mistakes import ConfigError, Mistake, Setting, every_setting
from bot.config.settings import Settings
from bot.config.sources import load, warnings

__all__ = ["ConfigError", "Mistake", "Setting", "Settings", "every_setting", "load", "warnings"]
