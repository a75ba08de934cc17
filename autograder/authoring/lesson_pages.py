"""The lesson for a class without Python: slides, lesson.html, a worksheet and its key.

Every page is one file: pictures are inside, nothing is loaded from anywhere.
"""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.authoring.notebooks import PICTURE, Cell, Lesson, read_lesson
from autograder.authoring.pictures import PICTURES
from autograder.course.messages import Catalogue
from autograder.course.settings import Course
from autograder.course.tasks import all_tasks
from autograder.errors import UsageError

BLANK = re.compile(r"\{\{(.+?)\}\}")
SLIDER_AFTER = "vanishing"  # the anchor of the cell that the slider follows


def write(course: Course, lang: str, out: Path) -> list[Path]:
    """Write every page of one language into a folder.

    Raises:
        UsageError: a source or a picture is missing.
    """
    lessons = [read_lesson(course, task, lang) for task in all_tasks()]
    sources = course.folder / "solutions" / "lesson"
    alts = {f"{x.task.name}/{key}": text for x in lessons for key, text in x.labels.items()}
    pages = Pages(lang, alts)
    made = {
        f"lesson.{lang}.html": pages.lesson(lessons),
        f"slides.{lang}.html": pages.slides(_read(sources / f"slides.{lang}.md")),
        f"worksheet.{lang}.html": pages.worksheet(_read(sources / f"worksheet.{lang}.md"), False),
        f"worksheet-key.{lang}.html": pages.worksheet(
            _read(sources / f"worksheet.{lang}.md"), True
        ),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return [out / name for name in made]


def _read(path: Path) -> str:
    if not path.is_file():
        raise UsageError(f"{path}: the source is missing; restore it from the repository")
    return path.read_text(encoding="utf-8")


class Pages:
    """Renders pages of one language. alts: the alt texts by "task/picture.alt"."""

    def __init__(self, lang: str, alts: dict[str, str]) -> None:
        self.lang = lang
        self._alts = alts
        self._say = Catalogue.load(lang).say
        self._markdown = markdown()
        self._environment = Environment(
            loader=PackageLoader("autograder.lesson"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def lesson(self, lessons: list[Lesson]) -> str:
        """The six notebooks as one page to read, with what the reference draws."""
        parts = [(x.task.name, "".join(self._cell(x, cell) for cell in x.cells)) for x in lessons]
        titles = [(x.task.name, x.cells[0].section) for x in lessons]
        return self._render("lesson.html", parts=parts, titles=titles)

    def _cell(self, lesson: Lesson, cell: Cell) -> str:
        if cell.kind == "markdown" and not cell.manual:
            marks = "".join(f'<a id="{anchor}"></a>' for anchor in cell.anchors)
            text = marks + self._markdown(cell.source)
            if SLIDER_AFTER in cell.anchors:
                text += self._render("slider.html")
            return text
        first = cell.source.partition("\n")[0]
        asked = f"<p><strong>{first[2:]}</strong></p>" if cell.answer and first[:2] == "# " else ""
        return asked + "".join(
            self.figure(f"{lesson.task.name}/{name}") for name in PICTURE.findall(cell.source)
        )

    def figure(self, name: str) -> str:
        """A picture of the reference, inside the page."""
        path = PICTURES / f"{name}.{self.lang}.png"
        if not path.is_file() or f"{name}.alt" not in self._alts:
            raise UsageError(f"there is no picture {name} ({self.lang}); run autograder build")
        data = base64.b64encode(path.read_bytes()).decode()
        return self._render("figure.html", data=data, alt=self._alts[f"{name}.alt"])

    def slides(self, source: str) -> str:
        """Slides, split at lines of three dashes."""
        slides = [self._with_pictures(part) for part in source.split("\n---\n")]
        return self._render("slides.html", slides=slides)

    def _with_pictures(self, source: str) -> str:
        parts = re.split(r"!\[\]\((.+?)\)", source)
        return "".join(
            self.figure(part) if index % 2 else self._markdown(part)
            for index, part in enumerate(parts)
        )

    def worksheet(self, source: str, key: bool) -> str:
        """Two pages with gaps, or with what belongs into them."""

        def fill(match: re.Match[str]) -> str:
            text = match.group(1)
            width = max(3, round(1.15 * len(text)))
            hidden = f'<span class="gap" style="min-width: {width}ch"></span>'
            return f'<span class="key">{text}</span>' if key else hidden

        body = BLANK.sub(fill, self._markdown(source))
        return self._render("worksheet.html", body=body, key=key)

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(
            lang=self.lang, say=self._say, **values
        )


def markdown() -> Callable[[str], str]:
    """Markdown with tables and formulas; formulas become MathML, which browsers draw alone."""
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def formula(text: str, options: dict[str, Any]) -> str:
        return str(convert(text, display="block" if options["display_mode"] else "inline"))

    parser = MarkdownIt("commonmark").enable("table")
    dollarmath_plugin(parser, renderer=formula, double_inline=True)
    return parser.render
