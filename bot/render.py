"""Texts: owns Jinja2, the languages and the templates.

A practice's own templates are searched before the packaged ones, in a sandbox; where one of them
fails, the packaged ones speak and the log says so. Every template is HTML for Telegram: values are
escaped, an undefined name is an error. Which language is spoken is a ContextVar, so that one
environment serves everybody.
"""

from __future__ import annotations

import gettext as gettext_module
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from babel import Locale
from babel.dates import format_skeleton, get_day_names
from babel.numbers import format_decimal
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from bot.trial import TemplateMistake, trials

log = structlog.get_logger(__name__)

_language: ContextVar[str] = ContextVar("language", default="en")
_DOMAIN: Final = "rapport"


def templates_folder() -> Path:
    """Find the templates: beside `bot/` in a checkout, inside it in a wheel."""
    here = Path(__file__).parent
    for candidate in (here / "templates", here.parent / "templates"):
        if (candidate / "locale").is_dir():
            return candidate
    raise FileNotFoundError("the templates folder is missing from this installation")


@lru_cache(maxsize=8)
def _translations(language: str) -> gettext_module.NullTranslations:
    """Load a language's catalogue; `de_du` falls back to `de`, and that to English."""
    chain = [language, language.split("_")[0]] if "_" in language else [language]
    return gettext_module.translation(
        _DOMAIN, templates_folder() / "locale", languages=chain, fallback=True
    )


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    return Locale.parse(language.split("_")[0])


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language (`en`, `de`, `de_du`) within this block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    """Give the language that is spoken now."""
    return _language.get()


def gettext(text: str) -> str:
    """Translate a text into the language that is spoken now."""
    return _translations(_language.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    """Translate a text with a number into the language that is spoken now."""
    return _translations(_language.get()).ngettext(one, many, n)


def weekday(on: str) -> str:
    """Give the short name of a local date's weekday: `Mon`."""
    names = get_day_names("abbreviated", locale=_locale(_language.get()))
    return str(names[date.fromisoformat(on).weekday()]).rstrip(".")


def full_weekday(on: str) -> str:
    """Give the name of a local date's weekday: `Monday`."""
    return str(get_day_names("wide", locale=_locale(_language.get()))[_weekday_of(on)])


def _weekday_of(on: str) -> int:
    return date.fromisoformat(on).weekday()


def day(on: str) -> str:
    """Give a local date with its weekday: `Mon, Nov 23`."""
    return str(format_skeleton("MMMEd", date.fromisoformat(on), locale=_locale(_language.get())))


def short_day(on: str) -> str:
    """Give a local date without its weekday: `Nov 23`."""
    return str(format_skeleton("MMMd", date.fromisoformat(on), locale=_locale(_language.get())))


def moment(at: int, zone: str) -> str:
    """Give an instant as weekday and time in a zone: `Fri 17:00`."""
    local = _local(at, zone)
    return f"{weekday(local.date().isoformat())} {local:%H:%M}"


def dated_moment(at: int, zone: str) -> str:
    """Give an instant with its date in a zone: `Fri, Nov 27, 17:00`."""
    local = _local(at, zone)
    return f"{day(local.date().isoformat())}, {local:%H:%M}"


def soon(at: int, zone: str, now: int) -> str:
    """Give an instant as it is said now: `today at 17:25`, `on Fri, Nov 27 at 17:00`."""
    local, today = _local(at, zone), _local(now, zone).date()
    at_time = f"{local:%H:%M}"
    if local.date() == today:
        return gettext("today at %(time)s") % {"time": at_time}
    if local.date() == today + timedelta(days=1):
        return gettext("tomorrow at %(time)s") % {"time": at_time}
    on = day(local.date().isoformat())
    return gettext("on %(day)s at %(time)s") % {"day": on, "time": at_time}


def named_day(at: int, zone: str) -> str:
    """Give an instant's date in a zone with its weekday in full: `Friday, Nov 27`."""
    on = _local(at, zone).date()
    short = format_skeleton("MMMd", on, locale=_locale(_language.get()))
    return f"{full_weekday(on.isoformat())}, {short}"


def clock(at: int, zone: str) -> str:
    """Give an instant's time in a zone: `17:00`."""
    return f"{_local(at, zone):%H:%M}"


def _local(at: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))


def score(value: float) -> str:
    """Give a score with one decimal in the language's writing: `7.0` or `7,0`."""
    return str(format_decimal(value, "0.0", locale=_locale(_language.get())))


#: What every template is given (`bot.views.reader`).
ALWAYS_GIVEN: Final = frozenset(
    {"reader", "practice", "safety", "contact", "how_to_change", "watches"}
)
#: Turns of loops and calls within one text. The longest packaged one takes some hundreds.
_STEPS: Final = 20_000
_steps: ContextVar[list[int] | None] = ContextVar("steps", default=None)


def _step() -> None:
    taken = _steps.get()
    if taken is not None:
        taken[0] += 1
        if taken[0] > _STEPS:
            raise SecurityError(f"takes more than {_STEPS} steps")


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        _step()
        yield item


class _Sandbox(SandboxedEnvironment):
    """Refuses what a text does not need: reaching into objects, endless work, endless texts."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or isinstance(left, str | list | tuple) or isinstance(right, str):
            raise SecurityError(f"{operator} is for numbers, and powers are for nobody")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, called: Any, *args: Any, **kwargs: Any) -> Any:
        _step()
        return super().call(context, called, *args, **kwargs)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Let every loop count its turns."""
        parsed = super()._parse(source, name, filename)
        for loop in parsed.find_all(nodes.For):
            counted = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
            loop.iter = counted.set_environment(self)
        return parsed


def _environment(loader: BaseLoader, kind: type[SandboxedEnvironment]) -> SandboxedEnvironment:
    environment = kind(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    for needless in ("range", "lipsum", "cycler", "joiner"):
        del environment.globals[needless]
    install: Callable[..., None] = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(gettext, ngettext, newstyle=True)
    # These make a text of any length from a number.
    for needless in ("center", "indent", "format", "wordwrap"):
        del environment.filters[needless]
    environment.filters.update(
        counted=_counted,
        weekday=weekday,
        full_weekday=full_weekday,
        day=day,
        short_day=short_day,
        moment=moment,
        dated_moment=dated_moment,
        soon=soon,
        named_day=named_day,
        clock=clock,
        score=score,
    )
    return environment


class Renderer:
    """Renders templates; one for the process. own: a practice's folder of templates."""

    def __init__(self, own: Path | None = None) -> None:
        packaged = FileSystemLoader(templates_folder())
        self._own = own if own is not None and own.is_dir() else None
        # Our own templates need no counting, which each turn of a loop on a tap's path would pay.
        self._packaged = _environment(packaged, SandboxedEnvironment)
        self._names = frozenset(self._packaged.list_templates())
        self._environment = self._packaged
        if self._own is not None:
            both = ChoiceLoader([FileSystemLoader(self._own), packaged])
            self._environment = _environment(both, _Sandbox)

    def compile_all(self) -> int:
        """Compile every template there is; give how many. Errors: jinja2.TemplateError."""
        names = self._environment.list_templates(filter_func=lambda name: name.endswith(".j2"))
        for name in names:
            self._environment.get_template(name)
        return len(names)

    def mistakes(self) -> list[TemplateMistake]:
        """Name what is wrong with the practice's own templates, without showing any."""
        found: list[TemplateMistake] = []
        for file in sorted(self._own.rglob("*.j2")) if self._own is not None else ():
            try:
                found += self._mistakes_in(file, file.relative_to(self._own or file).as_posix())
            except TemplateSyntaxError as error:
                found.append(TemplateMistake(file, error.lineno, str(error.message), "mend it"))
            except UnicodeDecodeError:
                found.append(TemplateMistake(file, 0, "is not UTF-8 text", "save it as UTF-8"))
        return found

    def _mistakes_in(self, file: Path, name: str) -> Iterator[TemplateMistake]:
        if name not in self._names:
            near = get_close_matches(name, self._names, 1)
            remedy = f"did you mean {near[0]}?" if near else "remove it"
            yield TemplateMistake(file, 0, "is shown nowhere", remedy)
            return
        tree = self._environment.parse(file.read_text("utf-8"), name)
        self._environment.compile(tree, name, str(file))
        for other in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            wanted = getattr(getattr(other, "template", None), "value", None)
            if wanted not in self._environment.list_templates():
                wrong = f"includes {wanted!r}, and there is no such template"
                yield TemplateMistake(file, other.lineno, wrong, "name one of the folder's")
        given = self._given(name)
        for unknown in sorted(meta.find_undeclared_variables(tree) - given):
            at = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown)
            wrong = f"{unknown!r} has no meaning here"
            yield TemplateMistake(file, at, wrong, f"there are: {', '.join(sorted(given))}")

    def _given(self, name: str) -> frozenset[str]:
        """List the names that a template is given: those that the packaged one of its name uses."""
        source = (templates_folder() / name).read_text("utf-8")
        used = meta.find_undeclared_variables(self._packaged.parse(source, name))
        return ALWAYS_GIVEN | used | frozenset(self._packaged.globals)

    def __call__(self, template: str, language: str, **values: object) -> str:
        """Render `template` (a path without `.html.j2`) for people who read `language`."""
        return self._render(f"{template}.html.j2", language, values)

    def drawing(self, template: str, language: str, **values: object) -> str:
        """Render a picture's SVG for people who read `language`."""
        return self._render(f"{template}.svg.j2", language, values)

    def _render(self, name: str, language: str, values: dict[str, object]) -> str:
        with speaking(language):
            if self._own is not None and (said := self._own_words(name, values)) is not None:
                return said
            return self._packaged.get_template(name).render(values).strip()

    def _own_words(self, name: str, values: dict[str, object]) -> str | None:
        """Render with the practice's templates; None where that fails, and the log says so."""
        token = _steps.set([0])
        try:
            said = self._environment.get_template(name).render(values).strip()
        except Exception as problem:
            if name not in self._names:
                raise
            self._failed(problem)
            # Whatever a practice wrote, people get their answer. The problem's words are not
            # logged: they can hold what somebody said.
            log.error(
                "the practice's own template failed: the packaged one was shown",
                template=name,
                at=_line_of(problem, self._own),
                problem=type(problem).__name__,
                remedy="run `rapport check`",
            )
            return None
        else:
            self._judge(name, said)
            return said
        finally:
            _steps.reset(token)

    def own_names(self) -> frozenset[str]:
        """List the practice's own templates, by the names of the packaged ones they replace."""
        if self._own is None:
            return frozenset()
        files = (file.relative_to(self._own).as_posix() for file in self._own.rglob("*.j2"))
        return frozenset(files) & self._names

    def needs(self, name: str) -> frozenset[str]:
        """List the names that the packaged template of a name is given besides what all are."""
        return self._given(name) - ALWAYS_GIVEN - frozenset(self._packaged.globals)

    def used_by(self, names: Iterable[str]) -> frozenset[str]:
        """List templates and all that they include, import or extend."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found and name in self._names:
                found.add(name)
                loader = self._environment.loader
                assert loader is not None  # noqa: S101 - each environment of ours has one
                source, _, _ = loader.get_source(self._environment, name)
                tree = self._environment.parse(source)
                waiting += [other for other in meta.find_referenced_templates(tree) if other]
        return frozenset(found)

    def _failed(self, problem: Exception) -> None:
        at = _line_of(problem, self._own)
        for trial in trials if at is not None else ():
            file, _, line = (at or "").rpartition(":")
            remedy = "mend it; the packaged template shows what there is"
            trial.add(Path(file), int(line), f"fails when it is shown: {problem}", remedy)

    def _judge(self, name: str, said: str) -> None:
        for trial in trials if self._own is not None else ():
            refusal = trial.judge(name, said)
            if refusal is None:
                trial.shown.add(name)
                continue
            own = sorted(self.used_by([name]) & self.own_names(), key=lambda one: one != name)
            for first in own[:1]:
                wrong = f"Telegram refuses what it shows: {refusal}"
                remedy = "shorten it, and use Telegram's few tags only"
                trial.add(Path(self._own or "", first), 0, wrong, remedy)


def _line_of(problem: Exception, folder: Path | None) -> str | None:
    """Say in which of a folder's files, and on which line, something went wrong."""
    if isinstance(problem, TemplateSyntaxError):
        return f"{problem.filename or problem.name}:{problem.lineno}"
    at, trace = None, problem.__traceback__
    while trace is not None:
        if folder is not None and trace.tb_frame.f_code.co_filename.startswith(str(folder)):
            at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return at
