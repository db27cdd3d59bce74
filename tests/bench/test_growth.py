"""What is measured with growing data is done with all amounts of it, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import growth
from tests.bench.table import Growth


async def test_each_amount_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"_THERAPISTS": 2, "_PEOPLE": 2, "_ROUNDS": 1, "_STARTS": 1, "_TICKS": 1, "_DIGESTS": 1}
    for name, value in small.items():
        monkeypatch.setattr(growth, name, value)
    sizes = (growth._Size("50", 1, 2), growth._Size("200", 2, 2, former=5))
    measured = await growth._measure(tmp_path, sizes)
    assert [row.name for row in measured] == [
        "plan tick", "deliver tick", "sweep tick", "follow tick", "digest", "start", "tap",
    ]  # fmt: skip
    for row in measured:
        assert list(row.values) == ["50", "200"]
        assert all(value > 0 for value in row.values.values())


def test_what_grows_beyond_the_noise_is_over() -> None:
    assert not Growth("tap", "ms", {"1": 4.0, "100": 1.0, "1000": 4.7}).is_over
    assert Growth("tap", "ms", {"1": 4.0, "100": 4.0, "1000": 4.9}).is_over
