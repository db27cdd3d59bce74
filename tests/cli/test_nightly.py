"""The real program with `[backup]`: it makes its first backup by itself, and stops well."""

from __future__ import annotations

from pathlib import Path

from bot.demo.stage import write_config
from bot.emulator import Emulator
from tests.cli.conftest import Start, wait_until
from tests.cli.test_commands import rapport
from tests.founding import founded


def test_a_started_bot_makes_a_backup_that_can_be_restored(
    tmp_path: Path, telegram: Emulator, start: Start
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    extra = f'[backup]\ndirectory = "{folder}"\n'
    config = founded(write_config(tmp_path, telegram.base_url, extra=extra))
    process = start("run", "-c", str(config))
    wait_until(lambda: bool(list(folder.glob("*.age"))), 60)
    (backup,) = folder.glob("*.age")
    process.terminate()
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    result = rapport("restore", backup, "-c", config)
    assert result.exit_code == 0, result.output
