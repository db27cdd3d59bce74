"""Rapport: asks after each appointment how the working alliance was, and closes the loop."""

__version__ = "0.1.0"
