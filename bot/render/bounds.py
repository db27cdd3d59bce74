"""What one text of a practice's own template may cost: steps, and characters.

Owns the counts of the text that is being made, and filters that keep to them. What an operation
would make is worked out before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, Final

from jinja2.exceptions import SecurityError
from jinja2.filters import do_join, do_replace, do_round
from jinja2.nodes import EvalContext
from jinja2.utils import Namespace, pass_eval_context
from markupsafe import Markup

#: Turns of loops, calls and filters within one text. The longest packaged one takes some thousands.
_STEPS: Final = 20_000
#: Characters of all that one text is made of, what is not shown included.
_WRITTEN: Final = 500_000
#: The longest value there may be. A message has 4096 characters.
_LONGEST: Final = 20_000
#: The members that a list may have, and the bits of a number.
_MEMBERS: Final = 1000
_BITS: Final = 128
_PLACES: Final = 12

CONTAINERS: Final = (list, tuple, dict, set, frozenset, Namespace)
#: Filters of Jinja's that templates may use: those that make a text out of one, and others.
_OF_TEXTS: Final = (
    "capitalize", "e", "escape", "lower", "safe", "string", "title", "trim", "truncate", "upper",
)  # fmt: skip
_OF_ANYTHING: Final = (
    "abs", "count", "d", "default", "first", "float", "int", "last", "length", "reverse",
)  # fmt: skip


@dataclass(slots=True)
class _Cost:
    steps: int = 0
    written: int = 0


_cost: ContextVar[_Cost | None] = ContextVar("cost", default=None)


@contextmanager
def counting() -> Iterator[None]:
    """Count what one text costs within this block. Errors: SecurityError for too much."""
    token = _cost.set(_Cost())
    try:
        yield
    finally:
        _cost.reset(token)


def step(steps: int = 1) -> None:
    """Count steps. Errors: SecurityError."""
    cost = _cost.get()
    if cost is not None:
        cost.steps += steps
        if cost.steps > _STEPS:
            raise SecurityError(f"takes more than {_STEPS} steps: loop over less")


def counted(items: Iterable[Any]) -> Iterator[Any]:
    """Give items, each as a step."""
    for item in items:
        step()
        yield item


def write(length: int) -> None:
    """Count characters of a value that is made. Errors: SecurityError, also for one too long."""
    if length > _LONGEST:
        raise SecurityError(f"makes a text of more than {_LONGEST} characters: shorten it")
    _write(length)


def _write(length: int) -> None:
    cost = _cost.get()
    if cost is not None:
        cost.written += length
        if cost.written > _WRITTEN:
            raise SecurityError(f"writes more than {_WRITTEN} characters in all: shorten it")


def shown(value: Any) -> Any:
    """Give what is to be shown, and count it. Errors: SecurityError, also for a list."""
    _write(len(_as_text(value)))
    return value


def _as_text(value: Any) -> str:
    """Give how a value reads. Errors: SecurityError for what has members, which can be endless."""
    if isinstance(value, CONTAINERS):
        raise SecurityError("a list is no text: show its members, or use join")
    return value if isinstance(value, str) else str(value)


def flat(members: Any) -> Any:
    """Give a list of a template's own, or the like, where none is within another.

    Errors: SecurityError, also for too many members.
    """
    step(1 + len(members) // 10)
    check_size(len(members))
    for member in members.values() if isinstance(members, dict) else members:
        if isinstance(member, CONTAINERS):
            raise SecurityError("a list within a list is not for templates: use two lists")
    return members


def check_size(size: int) -> None:
    """Refuse a list of too many members. Errors: SecurityError."""
    if size > _MEMBERS:
        raise SecurityError(f"makes a list of more than {_MEMBERS} members: shorten it")


def joined(texts: Iterable[Any]) -> str:
    """Put texts one after the other, as `~` does. Errors: SecurityError."""
    found = [text if hasattr(text, "__html__") else _as_text(text) for text in texts]
    write(sum(len(_as_text(text)) for text in found))
    whole = Markup("").join(found) if any(hasattr(one, "__html__") for one in found) else None
    return "".join(found) if whole is None else whole


def reckon(operator: str, left: Any, right: Any) -> None:
    """Refuse a sum or a product that is, or may grow, too long. Errors: SecurityError."""
    step()
    many, both = (str, bytes, list, tuple), (left, right)
    if operator == "**" or (operator in "*%" and any(isinstance(one, many) for one in both)):
        raise SecurityError(f"{operator} is for numbers, and powers are for nobody")
    if all(isinstance(one, int) for one in both):
        if left.bit_length() + right.bit_length() > _BITS:
            raise SecurityError("reckons with numbers that are too large: use smaller ones")
    elif operator == "+" and all(isinstance(one, str) for one in both):
        write(len(left) + len(right))
    elif operator == "+" and all(isinstance(one, many) for one in both):
        check_size(len(left) + len(right))


def check_format(text: Any, values: Mapping[str, Any]) -> None:
    """Refuse a text to translate whose gaps would make it long. Errors: SecurityError."""
    texts = [_as_text(value) for value in values.values()]
    longest = max(map(len, texts), default=0)
    words = str(text)
    for gap in words.replace("%%", "").split("%")[1:]:
        name, closed, form = gap.partition(")")
        if not (name.startswith("(") and closed and form[:1] in ("s", "d")):
            raise SecurityError("a gap in a text is written %(name)s or %(name)d")
    write(len(words) + words.count("%") * longest)


def _bounded(filter_: Callable[..., Any], *, takes_lists: bool) -> Callable[..., Any]:
    @wraps(filter_)
    def guarded(*given: Any, **named: Any) -> Any:
        step()
        for value in (*given, *named.values()):
            if isinstance(value, str | list | tuple | dict):
                write(len(value))
            if not takes_lists and isinstance(value, CONTAINERS):
                raise SecurityError("a list is no text: show its members, or use join")
        made = filter_(*given, **named)
        if isinstance(made, str):
            write(len(made))
        return made

    return guarded


@pass_eval_context
def _join(context: EvalContext, items: Iterable[Any], d: Any = "") -> str:
    step()
    members = list(islice(items, _MEMBERS + 1))
    check_size(len(members))
    between = len(_as_text(d))
    write(sum(len(_as_text(member)) + between for member in members))
    whole: str = do_join(context, members, d)
    return whole


@pass_eval_context
def _replace(context: EvalContext, text: Any, old: str, new: str) -> str:
    step()
    text, old, new = _as_text(text), _as_text(old), _as_text(new)
    write(len(text) + text.count(old) * len(new))
    replaced: str = do_replace(context, text, old, new)
    return replaced


def _round(value: Any, precision: int = 0, method: Any = "common") -> float:
    step()
    if abs(precision) > _PLACES:
        raise SecurityError(f"rounds to more than {_PLACES} places: use fewer")
    return do_round(value, precision, method)


def _list(items: Iterable[Any]) -> list[Any]:
    members = list(islice(items, _MEMBERS + 1))
    check_size(len(members))
    step(1 + len(members) // 10)
    return members


def bounded_filters(
    filters: Mapping[str, Callable[..., Any]], ours: Mapping[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    """Give the filters that a practice's templates have. filters: Jinja's. ours: the program's."""
    return {
        **{name: _bounded(filters[name], takes_lists=False) for name in _OF_TEXTS},
        **{name: _bounded(filters[name], takes_lists=True) for name in _OF_ANYTHING},
        **{name: _bounded(one, takes_lists=True) for name, one in ours.items()},
        "join": _join,
        "replace": _replace,
        "round": _round,
        "list": _list,
    }
