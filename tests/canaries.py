"""The keys of a practice, in every form in which something could show them."""

from __future__ import annotations

import base64
from pathlib import Path

from bot.store.vault import load_vault, read_key, write_key


def keys_of(key_file: Path, token: str) -> set[str]:
    """Give the master key and the webhook's secret as text: read aloud, coded, and as Python."""
    master = read_key(key_file.read_text("utf-8"))
    coded = {base64.b64encode(master), base64.urlsafe_b64encode(master), base64.b32encode(master)}
    return {
        *(write_key(master), write_key(master).replace("-", ""), master.hex(), repr(master)[2:-1]),
        *(one.decode("ascii").rstrip("=") for one in coded),
        load_vault(key_file).secret_for("webhook", token),
    }
