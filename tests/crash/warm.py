"""Imported once by the process that servers of lives are forked from, before there is any."""

from tests.crash.bot_process import warm

warm()
