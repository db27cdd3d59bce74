"""The environments that templates are rendered in: ours, and one that counts for others' templates.

Owns what a template may do. Refuses what a text does not need: reaching into objects, endless work,
endless texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from bot.render.words import (
    clock,
    dated,
    dated_moment,
    day,
    full_weekday,
    gettext,
    moment,
    named_day,
    ngettext,
    score,
    short_day,
    soon,
    weekday,
)

#: Turns of loops and calls within one text. The longest packaged one takes some hundreds.
_STEPS: Final = 20_000
_steps: ContextVar[list[int] | None] = ContextVar("steps", default=None)


@contextmanager
def counting() -> Iterator[None]:
    """Count the steps of one text within this block. Errors: SecurityError for too many."""
    token = _steps.set([0])
    try:
        yield
    finally:
        _steps.reset(token)


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


class Sandbox(SandboxedEnvironment):
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


def environment_of(loader: BaseLoader, kind: type[Environment]) -> Environment:
    """Make an environment in which an undefined name is an error and values are escaped."""
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
        dated=dated,
        dated_moment=dated_moment,
        soon=soon,
        named_day=named_day,
        clock=clock,
        score=score,
    )
    return environment
