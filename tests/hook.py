"""Receiving by webhook in tests: on this machine, by settings from the environment."""

from __future__ import annotations

import socket

import pytest


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def receive_by_webhook(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let every practice that is loaded from now on receive by webhook; give its port."""
    port = free_port()
    for name, value in variables(port).items():
        monkeypatch.setenv(name, value)
    return port


def variables(port: int) -> dict[str, str]:
    """Give the environment of a practice that receives by webhook on this machine."""
    return {
        "RAPPORT_TELEGRAM__RECEIVE": "webhook",
        "RAPPORT_WEBHOOK__URL": f"http://127.0.0.1:{port}/telegram",
        "RAPPORT_WEBHOOK__LISTEN": f"127.0.0.1:{port}",
        "RAPPORT_WEBHOOK__LOOPBACK": "true",
    }
