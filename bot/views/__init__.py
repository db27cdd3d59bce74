"""Screens: facts of the services in, Telegram text and keyboards out; no decisions, no waiting."""
