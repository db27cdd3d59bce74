"""The environments that templates are rendered in: ours, and one that counts for others' templates.

Owns what a template may do. Refuses what a text does not need: reaching into objects, endless work,
endless texts. What these cost is counted in `bot.render.bounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from jinja2 import BaseLoader, Environment, StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import pass_context

from bot.render.bounds import (
    CONTAINERS,
    bounded_filters,
    check_format,
    check_size,
    counted,
    flat,
    joined,
    reckon,
    shown,
    step,
    write,
)
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

_OUR_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "weekday": weekday,
    "full_weekday": full_weekday,
    "day": day,
    "short_day": short_day,
    "moment": moment,
    "dated": dated,
    "dated_moment": dated_moment,
    "soon": soon,
    "named_day": named_day,
    "clock": clock,
    "score": score,
}
#: What templates may call of what Python brings. The others make texts of any length, or change
#: what was given.
_METHODS: Final[tuple[tuple[type | tuple[type, ...], frozenset[str]], ...]] = (
    (str, frozenset({
        "capitalize", "endswith", "isdigit", "lower", "lstrip", "removeprefix", "removesuffix",
        "rstrip", "split", "startswith", "strip", "title", "upper",
    })),
    (dict, frozenset({"get", "items", "keys", "values"})),
    (list, frozenset({"append"})),
    ((set, bytes, int, float), frozenset()),
)  # fmt: skip
_E = TypeVar("_E", bound=Environment)
#: So many parts of a loop or a macro are one step of each of its turns.
_PARTS_OF_A_STEP: Final = 10
#: They hold lists within lists.
_NO_NAMES: Final = ("varargs", "kwargs")


class _Generator(CodeGenerator):
    """Lets what makes lists and texts go through the sandbox."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self._through("joined", node.nodes, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:
        self.write("environment.flat(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self.write("environment.flat(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        if node.ctx == "load":
            self._through("flat", node.items, frame)
        else:
            super().visit_Tuple(node, frame)

    def _through(self, function: str, items: Iterable[nodes.Expr], frame: Frame) -> None:
        self.write(f"environment.{function}((")
        for item in items:
            self.visit(item, frame)
            self.write(", ")
        self.write("))")


class Sandbox(SandboxedEnvironment):
    """Refuses what a text does not need: reaching into objects, endless work, endless texts."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})
    joined = staticmethod(joined)
    flat = staticmethod(flat)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        reckon(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, called: Any, *args: Any, **kwargs: Any) -> Any:
        step()
        owner = getattr(called, "__self__", None)
        if isinstance(owner, str):
            write(len(owner))
        if isinstance(owner, list):
            check_size(len(owner) + 1)
            if any(isinstance(one, CONTAINERS) for one in args):
                raise SecurityError("a list within a list is not for templates: use two lists")
        made = super().call(context, called, *args, **kwargs)
        if isinstance(owner, str) and isinstance(made, list):
            check_size(len(made))
        return made

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        for kind, methods in _METHODS:
            if isinstance(obj, kind) and callable(value):
                return attr in methods
        return super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        there = next((names for kind, names in _METHODS if isinstance(obj, kind)), frozenset())
        remedy = f"there are: {', '.join(sorted(there))}" if there else "leave it out"
        return self.undefined(
            f"{attribute!r} of a {type(obj).__name__} is not for templates: {remedy}",
            exc=SecurityError,
        )

    def wrap_str_format(self, value: Any) -> None:
        """Give no way around `is_safe_attribute`."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Let every loop and macro count its turns, and everything shown its length."""
        parsed = super()._parse(source, name, filename)
        for used in parsed.find_all(nodes.Name):
            if used.name in _NO_NAMES:
                wrong = f"{used.name!r} has no meaning here: name what the macro is given"
                raise TemplateSyntaxError(wrong, used.lineno, name, filename)
        for output in list(parsed.find_all(nodes.Output)):
            output.nodes = [self._filtered(part, "shown") for part in output.nodes]
        for loop in list(parsed.find_all(nodes.For)):
            loop.iter = self._filtered(loop.iter, "counted")
        turning: list[nodes.For | nodes.Macro | nodes.CallBlock] = [
            *parsed.find_all(nodes.For), *parsed.find_all(nodes.Macro),
            *parsed.find_all(nodes.CallBlock),
        ]  # fmt: skip
        for one in turning:
            self._weigh(one.body, one.lineno)
        return parsed

    def _weigh(self, body: list[nodes.Node], line: int) -> None:
        """Let each turn through a body cost what stands in it."""
        parts = sum(len(list(part.find_all(nodes.Node))) for part in body)
        weight = nodes.Const(parts // _PARTS_OF_A_STEP, lineno=line)
        body.insert(0, nodes.Output([self._filtered(weight, "weighed")], lineno=line))

    def _filtered(self, node: nodes.Node, name: str) -> nodes.Filter:
        filtered = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
        filtered.set_environment(self)
        return filtered


# They take the context so that nothing of them is worked out when a template is compiled.
@pass_context
def _counted(_context: Context, items: Iterable[Any]) -> Iterable[Any]:
    return counted(items)


@pass_context
def _shown(_context: Context, value: Any) -> Any:
    return shown(value)


@pass_context
def _weighed(_context: Context, steps: int) -> str:
    step(steps)
    return ""


def _checked(translate: Callable[..., str], texts: int) -> Callable[..., str]:
    """Let a text be translated whose gaps are no way to a long one. texts: how many come first."""

    @pass_context
    def checked(context: Context, *given: Any, **named: Any) -> str:
        for text in given[:texts]:
            check_format(text, named)
        return translate(context, *given, **named)

    return checked


def sandbox_of(loader: BaseLoader) -> Sandbox:
    """Make the environment for templates that are not ours."""
    environment = environment_of(loader, Sandbox)
    # What is worked out when a template is compiled would be counted by nobody.
    environment.optimized = False
    environment.filters = {
        **bounded_filters(environment.filters, _OUR_FILTERS),
        "counted": _counted,
        "shown": _shown,
        "weighed": _weighed,
    }
    del environment.globals["dict"]
    for name, texts in (("gettext", 1), ("ngettext", 2)):
        translate: Callable[..., str] = environment.globals[name]  # type: ignore[assignment]
        environment.globals[name] = _checked(translate, texts)
    return environment


def environment_of(loader: BaseLoader, kind: type[_E]) -> _E:
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
    environment.filters.update(_OUR_FILTERS)
    return environment
