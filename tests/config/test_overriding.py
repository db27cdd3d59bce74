"""Values that were set at run time, judged by the rules of config.toml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.config.overriding import checked, overridden, written
from bot.demo.stage import write_config


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(write_config(tmp_path, "http://127.0.0.1:9/bot"))


def test_values_are_kept_as_one_would_write_them(settings: Settings) -> None:
    given = {
        "checkin.delay_minutes": " 45.0",
        "checkin.quiet_to": "7:30",
        "digest.weekday": "monday",
    }
    kept = {"checkin.delay_minutes": "45", "checkin.quiet_to": "07:30", "digest.weekday": "monday"}
    assert checked(settings, given) == kept
    then = overridden(settings, kept)
    assert (then.checkin.delay_minutes, then.checkin.quiet_to) == (45, dt.time(7, 30))
    assert {key: written(then, key) for key in kept} == kept
    assert settings.checkin.delay_minutes == 30, "what was loaded stays"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"checkin.delay_minutes": "1441"}, "give a whole number from 0 to 1440"),
        ({"checkin.delay_minutes": "soon"}, "checkin.delay_minutes cannot be 'soon'"),
        ({"digest.weekday": "frday"}, 'did you mean "friday"?'),
        ({"digest.time": "25:00"}, "is not a time of day"),
        ({"checkin.expiry_hours": "20"}, "not later than the reminder after 20 hours"),
        ({"checkin.dely_minutes": "5"}, "did you mean checkin.delay_minutes?"),
        ({"lunch.time": "12:00"}, "lunch.time is not a setting"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_like_in_the_file(
    settings: Settings, given: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        checked(settings, given)


def test_what_does_not_fit_already_keeps_nothing_else_from_being_set(settings: Settings) -> None:
    # The file's closing time was shortened after the reminder had been put off at run time.
    now = overridden(settings, {"checkin.reminder_after_hours": "60"})
    assert checked(now, {"checkin.delay_minutes": "5"}) == {"checkin.delay_minutes": "5"}
    with pytest.raises(ConfigError, match="not later than the reminder"):
        checked(now, {"checkin.expiry_hours": "50"})
    assert checked(now, {"checkin.expiry_hours": "72"}) == {"checkin.expiry_hours": "72"}
