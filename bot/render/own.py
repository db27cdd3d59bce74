"""A practice's own templates: found before the packaged ones, tried, and told about when wrong.

Where one of them fails, the packaged one speaks and the log says so: whatever a practice wrote,
people get their answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import structlog
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, TemplateSyntaxError, meta, nodes

from bot.render.bounds import counting
from bot.render.sandbox import sandbox_of
from bot.render.trial import TemplateMistake, trials
from bot.render.words import templates_folder

log = structlog.get_logger(__name__)

#: What every template is given (`bot.views.reader`).
ALWAYS_GIVEN: Final = frozenset(
    {
        "reader", "practice", "safety", "contact", "how_to_change", "watches",
        "in_record", "retention_days",
    }
)  # fmt: skip


class OwnTemplates:
    """The templates in a practice's folder. packaged: where those they replace are."""

    def __init__(self, folder: Path, packaged: Environment) -> None:
        self._folder = folder
        self._packaged = packaged
        self._known = frozenset(packaged.list_templates())
        loaders = [FileSystemLoader(folder), FileSystemLoader(templates_folder())]
        self.environment = sandbox_of(ChoiceLoader(loaders))

    def mistakes(self) -> list[TemplateMistake]:
        """Name what is wrong with the practice's own templates, without showing any."""
        found: list[TemplateMistake] = []
        for file in sorted(self._folder.rglob("*.j2")):
            try:
                found += self._mistakes_in(file, file.relative_to(self._folder).as_posix())
            except TemplateSyntaxError as error:
                found.append(TemplateMistake(file, error.lineno, str(error.message), "mend it"))
            except UnicodeDecodeError:
                found.append(TemplateMistake(file, 0, "is not UTF-8 text", "save it as UTF-8"))
        return found

    def _mistakes_in(self, file: Path, name: str) -> Iterator[TemplateMistake]:
        if name not in self._known:
            near = get_close_matches(name, self._known, 1)
            remedy = f"did you mean {near[0]}?" if near else "remove it"
            yield TemplateMistake(file, 0, "is shown nowhere", remedy)
            return
        tree = self.environment.parse(file.read_text("utf-8"), name)
        self.environment.compile(tree, name, str(file))
        for other in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            wanted = getattr(getattr(other, "template", None), "value", None)
            if wanted not in self.environment.list_templates():
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

    def render(self, name: str, values: dict[str, object]) -> str | None:
        """Render with the practice's templates; None where that fails, and the log says so."""
        try:
            with counting():
                said = self.environment.get_template(name).render(values).strip()
        except Exception as problem:
            if name not in self._known:
                raise
            self._failed(problem)
            # The problem's words are not logged: they can hold what somebody said.
            log.error(
                "the practice's own template failed: the packaged one was shown",
                template=name,
                at=_line_of(problem, self._folder),
                problem=type(problem).__name__,
                remedy="run `rapport check`",
            )
            return None
        self._judge(name, said)
        return said

    def names(self) -> frozenset[str]:
        """List the practice's own templates, by the names of the packaged ones they replace."""
        files = (file.relative_to(self._folder).as_posix() for file in self._folder.rglob("*.j2"))
        return frozenset(files) & self._known

    def needs(self, name: str) -> frozenset[str]:
        """List the names that the packaged template of a name is given besides what all are."""
        return self._given(name) - ALWAYS_GIVEN - frozenset(self._packaged.globals)

    def used_by(self, names: Iterable[str]) -> frozenset[str]:
        """List templates and all that they include, import or extend."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found and name in self._known:
                found.add(name)
                loader = self.environment.loader
                assert loader is not None  # noqa: S101 - each environment of ours has one
                source, _, _ = loader.get_source(self.environment, name)
                tree = self.environment.parse(source)
                waiting += [other for other in meta.find_referenced_templates(tree) if other]
        return frozenset(found)

    def _failed(self, problem: Exception) -> None:
        at = _line_of(problem, self._folder)
        for trial in trials if at is not None else ():
            file, _, line = (at or "").rpartition(":")
            remedy = "mend it; the packaged template shows what there is"
            trial.add(Path(file), int(line), f"fails when it is shown: {problem}", remedy)

    def _judge(self, name: str, said: str) -> None:
        for trial in trials:
            refusal = trial.judge(name, said)
            if refusal is None:
                trial.shown.add(name)
                continue
            own = sorted(self.used_by([name]) & self.names(), key=lambda one: one != name)
            for first in own[:1]:
                wrong = f"Telegram refuses what it shows: {refusal}"
                remedy = "shorten it, and use Telegram's few tags only"
                trial.add(self._folder / first, 0, wrong, remedy)


def _line_of(problem: Exception, folder: Path) -> str | None:
    """Say in which of a folder's files, and on which line, something went wrong."""
    if isinstance(problem, TemplateSyntaxError):
        return f"{problem.filename or problem.name}:{problem.lineno}"
    at, trace = None, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(str(folder)):
            at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return at
