"""Which submissions look alike: Dolos or JPlag over what students wrote themselves.

A report for the teacher, never a verdict: what the stub already said is taken out, and who is who
stays hidden unless asked for.
"""

import ast
import csv
import difflib
import io
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.build import assignments
from autograder.course.messages import LANGUAGES
from autograder.course.settings import Course
from autograder.course.tasks import Task
from autograder.errors import UsageError
from autograder.report.html import harmless
from autograder.submission.fetching import name_of
from autograder.submission.task_files import TaskFiles, read_submission

FILES = "files"
KEY = "key.csv"
NO_TOOL = (
    "neither Dolos nor JPlag is here. Dolos: npm install -g @dodona/dolos (needs Node.js). "
    "JPlag: download jplag-*-jar-with-dependencies.jar from github.com/jplag/JPlag/releases "
    "(version 6 or newer, needs Java) and give it with --jplag JAR"
)


@dataclass(frozen=True)
class Tool:
    """A program that compares code; words: its command line without what is compared."""

    name: str
    words: tuple[str, ...]

    def command(self, files: Sequence[str]) -> list[str]:
        """The command for a task, to be run in the task's folder."""
        if self.name == "dolos":
            options = ["--language", "python", "--output-format", "csv"]
            return [*self.words, "run", *options, "--output-destination", "dolos", *files]
        options = ["--language", "python3", "--mode", "RUN", "--result-file", "jplag"]
        return [*self.words, *options, FILES]

    @property
    def result(self) -> str:
        return "dolos" if self.name == "dolos" else "jplag"


def find_tool(jplag: Path | None) -> Tool:
    """JPlag where its jar is given, else Dolos.

    Raises:
        UsageError: what is needed is not installed.
    """
    if jplag is not None:
        java = shutil.which("java")
        if not jplag.is_file():
            raise UsageError(f"--jplag {jplag}: there is no such file; {NO_TOOL}")
        if java is None:
            raise UsageError("--jplag needs Java, and there is no java here; install a JRE")
        return Tool("jplag", (java, "-jar", str(jplag.resolve())))
    dolos = shutil.which("dolos")
    if dolos is None:
        raise UsageError(NO_TOOL)
    return Tool("dolos", (dolos,))


def similar(
    course: Course,
    submissions: Sequence[Path],
    tasks: Iterable[Task],
    out: Path,
    tool: Tool,
    names: bool = False,
) -> list[str]:
    """Compare every task's files; lines that say what became of each.

    Without names submissions are numbered at random; OUT/key.csv says who is who.

    Raises:
        UsageError: out is not empty, a submission cannot be read, or the tool failed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"--out {out}: not an empty folder; name a new one or remove it first")
    chosen = tuple(tasks)
    handed_in = {place: read_submission(place, chosen) for place in submissions}
    called = _names(submissions) if names else _numbers(submissions)
    stubs = [assignments(course, lang) for lang in LANGUAGES]
    said = []
    for index, task in enumerate(chosen):
        written: list[str] = []
        for place, found in handed_in.items():
            if own := _own(found[index], stubs):
                written.append(f"{FILES}/{called[place]}/{task.name}.py")
                _write(out / task.name / written[-1], own)
        if len(written) < 2:
            said.append(f"{task.name}: fewer than two submissions have code of their own")
            continue
        _run(tool, out / task.name, written)
        said.append(f"{task.name}: {out / task.name / tool.result}")
    _write(out / KEY, _key(called))
    return said


def _own(files: TaskFiles, stubs: Sequence[dict[str, str]]) -> str:
    """Everything a student wrote for a task, as one text."""
    parts = []
    for name, content in files.files.items():
        given = [stub.get(f"{files.task.folder}/{name}", "") for stub in stubs]
        own = without_stub(content.decode("utf-8", "replace"), given)
        if own.strip() and name not in files.task.given:
            parts.append(f"# {name}\n{own}")
    return "\n".join(parts)


def without_stub(source: str, stubs: Sequence[str]) -> str:
    """What a student added to a stub, in whichever language it was handed out.

    Statements that stand in the stub are left out, and of its functions and classes the heads.
    What does not parse loses the stub's lines.
    """
    stripped = [line.strip() for line in source.splitlines()]
    found = [
        difflib.SequenceMatcher(
            None, [line.strip() for line in stub.splitlines()], stripped, autojunk=False
        ).get_matching_blocks()
        for stub in stubs
    ]
    best = max(found, key=lambda blocks: sum(block.size for block in blocks))
    given = {line for m in best for line in range(m.b + 1, m.b + m.size + 1)}
    try:
        own = ast.Module(_added(ast.parse(source).body, given), [])
        return ast.unparse(own) + "\n"
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        left = [line for i, line in enumerate(source.splitlines(), 1) if i not in given]
        return "\n".join(left) + "\n"


def _added(body: Sequence[ast.stmt], given: set[int]) -> list[ast.stmt]:
    """The statements that are not the stub's; given: its lines."""
    added: list[ast.stmt] = []
    for node in body:
        if given.issuperset(range(node.lineno, (node.end_lineno or node.lineno) + 1)):
            continue
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno in given:
            added += _added(node.body, given)
        else:
            added.append(node)
    return added


def _numbers(submissions: Sequence[Path]) -> dict[Path, str]:
    """Numbers in an order that says nothing about the names."""
    order = list(submissions)
    secrets.SystemRandom().shuffle(order)
    width = max(3, len(str(len(order))))
    return {place: f"{number:0{width}}" for number, place in enumerate(order, start=1)}


def _names(submissions: Sequence[Path]) -> dict[Path, str]:
    """The folders' names, each once."""
    called: dict[Path, str] = {}
    for place in submissions:
        name, number = name_of(str(place)).lstrip("-"), 1
        while (own := name if number == 1 else f"{name}-{number}") in called.values():
            number += 1
        called[place] = own
    return called


def _key(called: dict[Path, str]) -> str:
    text = io.StringIO()
    rows = sorted((name, harmless(str(place))) for place, name in called.items())
    csv.writer(text, lineterminator="\n").writerows([("compared_as", "submission"), *rows])
    return text.getvalue()


def _run(tool: Tool, folder: Path, files: Sequence[str]) -> None:
    environment = {key: text for key, text in os.environ.items() if key != "AUTOGRADER_KEY"}
    command = tool.command(files)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        last = ((done.stderr or done.stdout).strip().splitlines() or ["it says nothing"])[-1]
        raise UsageError(f"{tool.name} failed in {folder}: {last} (exit code {done.returncode})")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
