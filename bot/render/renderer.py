"""Rendering: a template by its name, for people who read a language."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from bot.render.own import OwnTemplates
from bot.render.sandbox import environment_of
from bot.render.words import speaking, templates_folder


class Renderer:
    """Renders templates; one for the process.

    own: the templates in a practice's folder, None where there is no such folder, or where it is
    the packaged one, as beside a configuration that lies in a checkout.
    """

    def __init__(self, folder: Path | None = None) -> None:
        # Our own templates need no sandbox, which each name on a tap's path would pay for.
        self._packaged = environment_of(FileSystemLoader(templates_folder()), Environment)
        has_own = folder is not None and folder.is_dir() and not folder.samefile(templates_folder())
        self.own = OwnTemplates(folder, self._packaged) if folder and has_own else None

    def compile_all(self) -> int:
        """Compile every template there is; give how many. Errors: jinja2.TemplateError."""
        environment = self.own.environment if self.own is not None else self._packaged
        names = environment.list_templates(filter_func=lambda name: name.endswith(".j2"))
        for name in names:
            environment.get_template(name)
        return len(names)

    def __call__(self, template: str, language: str, **values: object) -> str:
        """Render `template` (a path without `.html.j2`) for people who read `language`."""
        return self._render(f"{template}.html.j2", language, values)

    def drawing(self, template: str, language: str, **values: object) -> str:
        """Render a picture's SVG for people who read `language`."""
        return self._render(f"{template}.svg.j2", language, values)

    def _render(self, name: str, language: str, values: dict[str, object]) -> str:
        with speaking(language):
            if self.own is not None and (said := self.own.render(name, values)) is not None:
                return said
            return self._packaged.get_template(name).render(values).strip()
