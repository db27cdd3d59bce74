"""Keeps the process's memory out of files and of other processes' sight: it holds keys and answers.

What a system does not offer is left out; nothing depends on it but what a crash would leave behind.
"""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def conceal() -> None:
    """Let no core dump be written and, on Linux, nobody of the same user read the memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A dump that is piped to a program (systemd-coredump) asks for no limit, but for this.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
