"""Who reads a screen: language and time zone; and the tools every view is made with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.config import Settings
from bot.core.people import Person, language_of
from bot.render import Renderer


@dataclass(frozen=True, slots=True)
class Reader:
    """language: `en`, `de` or `de_du`. zone: IANA name."""

    language: str
    zone: str

    @property
    def spoken(self) -> str:
        """The language without its form of address."""
        return self.language.split("_")[0]


@dataclass(frozen=True, slots=True)
class Desk:
    """What views are made with: the templates and the practice's settings."""

    render: Renderer
    settings: Settings

    def reader(self, person: Person | None, hint: str | None = None) -> Reader:
        """Say how to address somebody, who may be a stranger with a Telegram `hint`."""
        practice = self.settings.practice
        language = language_of(person, hint, practice.language)
        if language == "de" and practice.german == "du":
            language = "de_du"
        zone = person.timezone if person and person.timezone else practice.timezone
        return Reader(language, zone)

    def text(self, template: str, reader: Reader, **values: object) -> str:
        """Render a template for somebody, with the practice and the safety text at hand."""
        return self.render(
            template,
            reader.language,
            reader=reader,
            practice=self.settings.practice.name,
            safety=self.settings.safety_text(reader.spoken),
            contact=self.settings.privacy.contact,
            how_to_change=self.settings.practice.how_to_change,
            watches=bool(self.settings.safety.watch_phrases),
            in_record=self.settings.privacy.feedback_in_clinical_record,
            retention_days=self.settings.privacy.retention_days,
            **values,
        )
