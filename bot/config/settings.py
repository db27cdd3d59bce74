"""Every setting of the practice: its section, name, default, range and one-line description.

The descriptions are the source of the documentation and of config.example.toml. What needs two
settings to judge is checked here, on the later of the two. Calendars are declared beside, because
there may be any number of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.config.feeds import Feeds, wrong_beside
from bot.config.section import Section
from bot.config.values import (
    NO_ADDRESS,
    ApiAddress,
    ClosedDays,
    CodePattern,
    Command,
    HeartbeatAddress,
    Language,
    Line,
    ListenAddress,
    LogFormat,
    LogLevel,
    MatchRules,
    MaybeListenAddress,
    MorningCard,
    Phrases,
    ShortLine,
    Slug,
    TelegramIds,
    TimeOfDay,
    Token,
    WebhookAddress,
    Weekday,
    Whole,
    Wordings,
    ZoneName,
    host_and_port,
    refused,
    unreachable,
    whole,
)

QUIET_AT_MOST_MINUTES = 16 * 60


class Telegram(Section):
    token: Token = Field(
        description="The bot's token from @BotFather; better in a secret file than here."
    )
    base_url: ApiAddress = Field(
        "https://api.telegram.org/bot", description="Where Telegram's Bot API answers."
    )
    display_name: ShortLine = Field(
        "",
        max_length=64,
        description="The bot's name in chats, for `rapport telegram setup`; empty leaves it be.",
    )
    receive: Literal["polling", "webhook"] = Field(
        "polling", description="How updates arrive: polling needs no public address, webhook does."
    )


class Webhook(Section):
    url: WebhookAddress = Field(
        "", description="The public https address that Telegram calls; only with webhook."
    )
    listen: ListenAddress = Field(
        "127.0.0.1:8080",
        description="The address and port to listen on; a web server in front brings TLS.",
    )
    loopback: bool = Field(
        False, description="For tests alone: let the address be plain http on this machine."
    )

    @property
    def path(self) -> str:
        """Give the path that Telegram calls."""
        return urlsplit(self.url).path

    @property
    def listens_at(self) -> tuple[str, int]:
        """Give the IP address and the port to listen on."""
        return host_and_port(self.listen)

    @field_validator("loopback")
    @classmethod
    def _telegram_can_reach_it(cls, loopback: bool, info: ValidationInfo) -> bool:
        problem = unreachable(info.data.get("url") or "", loopback=loopback)
        if problem is not None:
            raise refused(*problem, key="webhook.url")
        return loopback


class Practice(Section):
    name: Line = Field(
        max_length=60,
        description="The practice's name as clients read it; it can appear on a lock screen.",
    )
    timezone: ZoneName = Field(
        description="The practice's time zone as an IANA name, such as Europe/Berlin."
    )
    language: Language = Field(
        "en", description="The language for people whose Telegram asks for no other one: en or de."
    )
    german: Literal["Sie", "du"] = Field(
        "Sie", description="How German texts address a client: Sie or du."
    )
    how_to_change: str = Field(
        "",
        max_length=600,
        description="What a client reads who thinks of ending or changing therapist; may be empty.",
    )
    templates: Path = Field(
        Path("templates"),
        description="A folder for texts of your own, not the program's; may be missing. Files are"
        " named as its.",
    )
    closed_days: ClosedDays = Field(
        (),
        description="Days on which the practice is closed, such as "
        '["2026-12-24 2026-12-26", "2027-05-01"].',
    )
    morning_card: MorningCard = Field(
        "off",
        description="When therapists are sent the day's appointments, such as 07:30, or off.",
    )
    admins: TelegramIds = Field(
        repr=False,
        min_length=1,
        description="The admins' Telegram ids, at least one; whole numbers, such as [123456789].",
    )

    @property
    def zone(self) -> ZoneInfo:
        """Give the practice's time zone."""
        return ZoneInfo(self.timezone)


class Database(Section):
    path: Path = Field(
        Path("rapport.sqlite3"),
        description="The database file; a relative path starts at this file's folder.",
    )


class Keys(Section):
    master_key_file: Path = Field(
        Path("rapport.key"),
        description="The file with the master key; back it up apart from the database.",
    )


class Checkin(Section):
    delay_minutes: Whole = whole(
        30, 0, 1440, "Minutes from an appointment's end to its check-in (0 to 1440)."
    )
    reminder_after_hours: Whole = whole(
        20, 1, 72, "Hours until the one reminder of an unanswered check-in (1 to 72)."
    )
    expiry_hours: Whole = whole(
        48, 2, 168, "Hours until a check-in closes, and with it its correction (2 to 168)."
    )
    closes_before_next_minutes: Whole = whole(
        60, 0, 1440, "A check-in closes this many minutes before the next appointment (0 to 1440)."
    )
    per_day: Whole = whole(1, 1, 5, "At most this many check-ins a day for one pair (1 to 5).")
    per_week: Whole = whole(2, 1, 14, "At most this many check-ins a week for one pair (1 to 14).")
    mirror_hours: Whole = whole(
        48, 1, 168, "Hours a therapist may guess how a client experienced a session (1 to 168)."
    )
    quiet_from: TimeOfDay = Field(
        dt.time(21, 0), description="From this local time on, no message is sent to a client."
    )
    quiet_to: TimeOfDay = Field(
        dt.time(8, 0), description="From this local time on, messages are sent again."
    )
    instrument: Slug = Field(
        "session-alliance", description="The questionnaire after an appointment, by its name."
    )
    before_first: Slug = Field(
        "before-first-session",
        description="The questionnaire before the first session, by its name.",
    )
    goodbye: Slug = Field(
        "goodbye", description="The questionnaire when therapy has ended here, by its name."
    )
    instruments: Path = Field(
        Path("instruments"),
        description="A folder for questionnaires of your own, one folder each; it may be missing.",
    )
    protect_content: bool = Field(
        False, description="Ask Telegram to block forwarding and saving of the bot's messages."
    )

    @field_validator("expiry_hours")
    @classmethod
    def _reminder_comes_first(cls, expiry: int, info: ValidationInfo) -> int:
        reminder = info.data.get("reminder_after_hours")
        if reminder is not None and reminder >= expiry:
            raise refused(
                f"is {expiry}, not later than the reminder after {reminder} hours",
                "make it larger than checkin.reminder_after_hours",
            )
        return expiry

    @field_validator("per_week")
    @classmethod
    def _a_week_holds_a_day(cls, week: int, info: ValidationInfo) -> int:
        day = info.data.get("per_day")
        if day is not None and day > week:
            raise refused(
                f"is {week}, fewer than the {day} of one day", "make it at least checkin.per_day"
            )
        return week

    @field_validator("quiet_to")
    @classmethod
    def _the_night_ends(cls, until: dt.time, info: ValidationInfo) -> dt.time:
        since = info.data.get("quiet_from")
        if since is None:
            return until
        quiet = (until.hour - since.hour) * 60 + until.minute - since.minute
        if not 0 < quiet % 1440 <= QUIET_AT_MOST_MINUTES:
            raise refused(
                f"is {until:%H:%M}, with quiet hours from {since:%H:%M} on",
                "let the quiet hours last more than none and at most 16 hours",
            )
        return until


class Digest(Section):
    weekday: Weekday = Field("friday", description="The day of a therapist's weekly digest.")
    time: TimeOfDay = Field(dt.time(17, 0), description="The digest's local time.")
    free_text: bool = Field(
        False, description="Show free text in the digest itself and not only on Details."
    )
    pictures: Literal["light", "dark"] = Field(
        "light", description="The colours of pictures: light or dark."
    )


class Calendar(Section):
    match: MatchRules = Field(
        ("tag", "summary", "attendee", "title"),
        description="How a calendar's event finds its client; the first rule that hits decides.",
    )
    tag: Line = Field(
        "client:", max_length=40, description="What a category begins with before the code."
    )
    summary_pattern: CodePattern = Field(
        "",
        max_length=200,
        description=r"A pattern for the title, such as \\[(?P<code>[A-Z0-9-]+)\\]; empty for none.",
    )
    private_addresses: bool = Field(
        False, description="Allow calendars at addresses of this machine or network."
    )


class Safety(Section):
    text: Wordings = Field(
        min_length=1,
        description='Where help is to be had at once; one text, or { en = "...", de = "..." }.',
    )
    watch_phrases: Phrases = Field(
        (),
        repr=False,
        description="Shared texts with one of these phrases show help at once; see docs/watch.md.",
    )


class Privacy(Section):
    feedback_in_clinical_record: bool = Field(
        description="Whether answers belong to the clinical record; decides what /erase can do."
    )
    consent_version: Line = Field(
        "2",
        max_length=20,
        description="Change it when your privacy text changes: every client is then asked again.",
    )
    contact: Line = Field(
        max_length=200, description="Who at the practice answers questions about privacy, and how."
    )
    # Ten years, leap days included: the longest term that common record-keeping law asks for. What
    # is kept too long can still be deleted; a record that was due to be kept cannot be made again.
    retention_days: Whole = whole(
        3653,
        30,
        10958,
        "Days that answers are kept after a pair has ended or its client stopped (30 to 10958).",
    )
    audit_days: Whole = whole(
        1096, 90, 10958, "Days that the log of who did what is kept; it holds ids (90 to 10958)."
    )
    set_aside_days: Whole = whole(
        7, 1, 30, "Days that an update the bot could not process is kept, encrypted (1 to 30)."
    )
    # Telegram repeats an update for up to 24 hours.
    seen_update_hours: Whole = whole(
        72, 48, 720, "Hours that an update's number is remembered so it counts once (48 to 720)."
    )


class Health(Section):
    listen: MaybeListenAddress = Field(
        "",
        description="When polling: where to serve /healthz and /metrics, such as 127.0.0.1:9090.",
    )
    heartbeat_url: HeartbeatAddress = Field(
        SecretStr(""),
        description="An address called every four minutes while healthy, with /fail when not.",
    )
    private_addresses: bool = Field(
        False, description="Allow a heartbeat_url at an address of this machine or network."
    )

    @field_validator("private_addresses")
    @classmethod
    def _nobody_listens_on_the_way(cls, private: bool, info: ValidationInfo) -> bool:
        # Missing where it could not be read: that is said already.
        url = info.data.get("heartbeat_url")
        if url and url.get_secret_value().startswith("http:") and not private:
            raise refused(
                "is not https",
                "use https; http is for private_addresses alone",
                key="health.heartbeat_url",
            )
        return private

    @property
    def listens_at(self) -> tuple[str, int] | None:
        """Give the IP address and the port to listen on, or None for nowhere."""
        return host_and_port(self.listen) if self.listen else None


class Backup(Section):
    directory: ShortLine = Field(
        "", description="Where the bot puts a backup every night, best on another disk; or empty."
    )
    command: Command = Field(
        (),
        description="Sends backups away: a program and its arguments, with {file}; [] for none.",
    )
    time: TimeOfDay = Field(dt.time(2, 30), description="The practice's local time of the backup.")
    keep: Whole = whole(30, 1, 3660, "So many newest backups stay in the directory (1 to 3660).")

    @property
    def is_on(self) -> bool:
        """Whether the bot makes backups by itself."""
        return bool(self.directory or self.command)

    @property
    def folder(self) -> Path | None:
        """Give the folder, if there is one."""
        return Path(self.directory) if self.directory else None


class Log(Section):
    level: LogLevel = Field(
        "info", description="The least severity that is logged: debug, info, warning, error."
    )
    format: LogFormat = Field(
        "console", description="How log lines look: console for people, json for machines."
    )


class Settings(BaseSettings):
    """All settings; made by `bot.config.load`, never changed afterwards."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="RAPPORT_",
        env_nested_delimiter="__",
        enable_decoding=False,
        secrets_prefix="",
        secrets_dir_missing="error",
    )

    telegram: Telegram
    webhook: Webhook
    practice: Practice
    database: Database
    keys: Keys
    checkin: Checkin
    digest: Digest
    calendar: Calendar
    feeds: Feeds
    safety: Safety
    privacy: Privacy
    health: Health
    backup: Backup
    log: Log

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over secret files, and both over what the file says."""
        return env_settings, NestedSecretsSettingsSource(file_secret_settings), init_settings

    @model_validator(mode="before")
    @classmethod
    def _every_section_is_read(cls, found: dict[str, object]) -> dict[str, object]:
        """Look into a missing section too, so that what it lacks is named setting by setting."""
        found = {name: {} for name in cls.model_fields} | found
        telegram, webhook = found["telegram"], found["webhook"]
        by_webhook = isinstance(telegram, dict) and telegram.get("receive") == "webhook"
        if by_webhook and isinstance(webhook, dict) and not webhook.get("url"):
            # Noticed here, so that it is told beside whatever else is wrong with either section.
            found["webhook"] = {**webhook, "url": NO_ADDRESS}
        return found

    @field_validator("feeds")
    @classmethod
    def _feeds_fit(cls, feeds: Feeds, info: ValidationInfo) -> Feeds:
        calendar = info.data.get("calendar")
        problem = wrong_beside(feeds, private=calendar is None or calendar.private_addresses)
        if problem is not None:
            raise problem
        return feeds

    @field_validator("safety")
    @classmethod
    def _the_practice_has_its_text(cls, safety: Safety, info: ValidationInfo) -> Safety:
        practice = info.data.get("practice")
        if practice is not None and practice.language not in safety.text:
            raise refused(
                f"has no text in {practice.language}, the practice's language",
                f'add {practice.language} = "..."',
                key="safety.text",
            )
        return safety

    def safety_text(self, language: str) -> str:
        """Give the safety text in `language`, or in the practice's where there is none."""
        texts: Mapping[str, str] = {str(spoken): text for spoken, text in self.safety.text.items()}
        return texts.get(language, texts[self.practice.language])
