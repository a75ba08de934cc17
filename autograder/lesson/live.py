"""The notebook's side of a lesson: the student's own file, and what to show until it is written."""

import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from matplotlib.figure import Figure
from simpsons.own import forget

from autograder.course.messages import Catalogue
from autograder.course.tasks import all_tasks, task_named
from autograder.lesson.work import pack, restore

WIDTH, DPI, COLOURS = 9.0, 80, 96
UPLOADS = Path("/content")  # where Colab puts what is dragged into its files
KEEP = "AUTOGRADER_PICTURES"  # a folder: pictures are kept there, as those of the reference


class Missing(Exception):
    """The student's file is not where the notebook looks for it; the text says what to do."""


class Lesson:
    """One notebook at work: lesson = Lesson("alexnet", "en", labels)."""

    def __init__(self, task: str, lang: str, labels: Mapping[str, str]) -> None:
        self.task = task_named(task)
        self.say = Catalogue.load(lang).say
        self.lang = lang
        self.labels = labels
        self._contents: dict[str, dict[Path, bytes]] = {}
        self._modules: dict[Path, ModuleType] = {}
        if on_colab() and (restored := restore(Path.cwd(), UPLOADS)):
            print(self.say("lesson.restored", files=", ".join(restored)))
        print(self._situation())

    def _situation(self) -> str:
        """What this notebook runs on, and what is in the way."""
        import torch

        # Half the cores: threads that wait for busy ones make small networks many times slower.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
        python = ".".join(map(str, sys.version_info[:2]))
        lines = [self.say("lesson.here", python=python, torch=torch.__version__, device=device)]
        for file in self.task.files:
            if not Path(file).is_file():
                lines.append(self._missing(file, self.task.folder))
        return "\n".join(lines)

    def _missing(self, file: str, folder: str) -> str:
        return self.say("lesson.no_file", file=file, folder=folder, here=Path.cwd())

    def own(self, task: str = "", file: str = "") -> ModuleType:
        """The student's file as it is saved now; another task's is found in the folder beside.

        Raises:
            Missing: there is no such file.
        """
        wanted = task_named(task) if task else self.task
        folder = Path.cwd() if wanted is self.task else Path.cwd().parent / wanted.folder
        paths = {name: folder / name for name in wanted.files}
        for name, path in paths.items():
            if not path.is_file():
                raise Missing(self._missing(name, wanted.folder))
        watched = [*paths.values(), *(_others(folder.parent) if wanted.uses_others else ())]
        contents = {path: path.read_bytes() for path in watched}
        if self._contents.get(wanted.name) != contents:
            # The files of one task import each other: the old ones would stay behind.
            for path in paths.values():
                sys.modules.pop(path.stem, None)
                self._modules.pop(path, None)
            forget()
            self._contents[wanted.name] = contents
        path = paths[file or wanted.file]
        if path not in self._modules:
            self._modules[path] = _module(path, contents[path])
        return self._modules[path]

    @contextmanager
    def live(self) -> Iterator[None]:
        """Run a cell that needs the student's code; where it fails, say so and go on."""
        try:
            yield
        except Exception as error:  # whatever the student's code raises
            if KEEP in os.environ:
                raise
            print(self._explain(error))

    @contextmanager
    def picture(self, name: str, height: float = 3.2) -> Iterator[Figure]:
        """Draw into the figure; where the student's code fails, show the reference's picture."""
        figure = Figure(figsize=(WIDTH, height), layout="constrained", dpi=DPI)
        try:
            yield figure
        except Exception as error:  # whatever the student's code raises
            if KEEP in os.environ:
                raise
            print(self._explain(error))
            self._show_reference(name)
            return
        content = to_png(figure)
        if folder := os.environ.get(KEEP):
            (Path(folder) / f"{name}.{self.lang}.png").write_bytes(content)
        self._show(content, name)

    def _show(self, png: bytes, name: str) -> None:
        from IPython.display import Image, display

        display(Image(data=png, format="png", alt=self.labels[f"{name}.alt"]))  # type: ignore[no-untyped-call]

    def _show_reference(self, name: str) -> None:
        pictures = resources.files("autograder") / "pictures" / self.task.name
        path = pictures / f"{name}.{self.lang}.png"
        if path.is_file():
            print(f"  {self.say('lesson.reference')}")
            self._show(path.read_bytes(), name)
        else:
            print(f"  {self.say('lesson.no_picture')}")

    def _explain(self, error: Exception) -> str:
        """What is in the way of a live picture, and what to do about it."""
        if isinstance(error, Missing):
            return str(error)
        if isinstance(error, NotImplementedError):
            return f"○ {self.say('lesson.not_written', text=str(error)[:200])}"
        if isinstance(error, SyntaxError):
            file = Path(error.filename or "?").name
            syntax = self.say("lesson.syntax", file=file, line=error.lineno or 0, text=error.msg)
            return f"○ {syntax}"
        text = f"{type(error).__name__}: {error}"[:400]
        task = self.task.name
        return f"○ {self.say('lesson.failed', where=_place(error), text=text, task=task)}"

    def compare(self, given: Mapping[str, Any], right: Mapping[str, Any], points: int) -> float:
        """Say of each answer whether it is right; the share of the points that is earned."""
        earned = 0
        for name, expected in right.items():
            answer = given.get(name)
            if answer is None or answer is ...:
                print(f"○ {name}: {self.say('lesson.no_answer')}")
            elif _equal(answer, expected):
                print(f"✓ {name}: {answer}")
                earned += 1
            else:
                print(f"✗ {name}: {self.say('lesson.not_yet', answer=str(answer)[:80])}")
        return round(points * earned / len(right), 2)

    def credit(self, answer: str, points: int = 1) -> int:
        """Credit for a written answer: there is no right or wrong, only empty."""
        written = any(letter.isalnum() for letter in str(answer))
        print(self.say("lesson.answered" if written else "lesson.empty"))
        return points if written else 0

    def save(self) -> None:
        """Pack all work into my_work.zip; on Colab, hand it to the browser."""
        path = pack(Path.cwd())
        print(self.say("lesson.saved", path=path))
        if on_colab():
            from google.colab import files

            files.download(str(path))


def on_colab() -> bool:
    """Whether the notebook runs on Google Colab."""
    return "google.colab" in sys.modules


def _equal(answer: Any, expected: Any) -> bool:
    try:
        return bool(answer == expected)
    except Exception:  # an array of many values, or whatever a student assigned
        return False


def _others(root: Path) -> list[Path]:
    """The files that the homework may load through own_task()."""
    paths = [root / task.folder / task.file for task in all_tasks() if not task.uses_others]
    return [path for path in paths if path.is_file()]


def _module(path: Path, content: bytes) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and the other files of a task look it up
    # Compiled here: Python's cache knows a file by its time, which two quick saves may share.
    exec(compile(content, str(path), "exec"), module.__dict__)
    return module


def _place(error: Exception) -> str:
    """The last line of a student's file that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).parent.name[:2].isdigit()] or frames[-1:]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"


def to_png(figure: Figure) -> bytes:
    """A figure as a small PNG."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    image = Image.open(drawn).convert("RGB").quantize(COLOURS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
