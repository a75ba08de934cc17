"""solutions/ -> assignments/: stubs, task sheets, catalogues and recorded answers.

Deterministic: the same sources give the same bytes. Recorded answers are made anew only when
something they depend on has changed, because the last digits of floats differ by machine.
"""

import ast
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from autograder.authoring import pictures, recordings
from autograder.authoring.notebooks import anchors, notebooks
from autograder.authoring.stubs import COMMON, Translation, docstrings, make_stub, read_translation
from autograder.authoring.translations import mistakes, refuse_stale, titles
from autograder.checks.task_run import planned
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.patching import variants
from autograder.course.settings import Course
from autograder.course.tasks import Task, all_tasks
from autograder.diagnose.fingerprints import ANSWERS, MISTAKES, PATH, is_fresh
from autograder.errors import UsageError
from autograder.files import PACKAGE

SHEETS = {"en": "TASK.md", "ru": "TASK.ru.md"}
GIVEN = "# Made by `autograder build` from solutions/{}. It is complete; change what you like.\n"


def build(course: Course, check: bool = False) -> list[str]:
    """Write every generated file, or with check only compare; returns what was stale.

    Raises:
        UsageError: a source cannot be used, or assignments/ holds files nobody generated.
    """
    _refuse_misfits(course)
    refuse_stale(course)
    wanted: dict[Path, bytes] = {}
    for lang in LANGUAGES:
        po = PACKAGE / "locale" / f"{lang}.po"
        wanted[po.with_suffix(".mo")] = compile_catalogue(po, mistakes(course, lang) | titles(lang))
    for name, text in assignments(course, "en").items():
        wanted[course.folder / "assignments" / name] = text.encode()
    wanted[PACKAGE / "anchors.json"] = anchors(course, all_tasks()).encode()
    _refuse_stray(course.folder / "assignments", set(wanted))
    stale = [path for path, content in wanted.items() if _read(path) != content]
    names = [_shown(path, course) for path in stale]
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[path])
    for task in all_tasks():
        for of in (ANSWERS, MISTAKES):
            if is_fresh(course, task, of):
                continue
            names.append(f"{_shown(PATH, course)}: {of} of {task.name}")
            if not check:
                names += [_shown(path, course) for path in recordings.record(course, task, of)]
        if not pictures.is_fresh(course, task):
            names.append(f"{_shown(pictures.PICTURES, course)}/{task.name}")
            if not check:
                pictures.make(course, task)
    return names


def build_stubs(course: Course, lang: str, out: Path) -> list[Path]:
    """Write the stubs and task sheets of one language into a folder of their own."""
    written = []
    for path, text in assignments(course, lang).items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        written.append(target)
    return written


def assignments(course: Course, lang: str) -> dict[str, str]:
    """Every generated file of assignments/ by its path there."""
    files: dict[str, str] = {}
    catalogues = {lang: _catalogue(lang) for lang in LANGUAGES}
    for task in all_tasks():
        sources: dict[str, str] = {}
        translations: dict[str, Translation] = {}
        for file in task.files:
            path = course.solution(task, file)
            sources[file] = path.read_text(encoding="utf-8")
            name = "ru.toml" if len(task.files) == 1 else f"{path.stem}.ru.toml"
            translations[file] = read_translation(path.with_name(name), sources[file])
            files[f"{task.folder}/{file}"] = make_stub(
                sources[file], task, f"solutions/{task.folder}/{file}", lang, translations[file]
            )
        for file in task.given:
            source = course.solution(task, file).read_text(encoding="utf-8")
            files[f"{task.folder}/{file}"] = GIVEN.format(f"{task.folder}/{file}") + source
        for sheet_lang, sheet in SHEETS.items():
            text = make_sheet(sources, task, catalogues[sheet_lang], translations)
            files[f"{task.folder}/{sheet}"] = text
        for name, text in notebooks(course, task, catalogues.values()).items():
            files[f"{task.folder}/{name}"] = text
    return files


def make_sheet(
    sources: dict[str, str], task: Task, catalogue: Catalogue, translations: dict[str, Translation]
) -> str:
    """The task as a page to read: the same promises as in the stubs, and the points."""
    lang = catalogue.lang
    words = {
        "en": ("Lesson block", "Paper", "File", "Check", "What is checked", "Points", "Packages"),
        "ru": ("Блок урока", "Статья", "Файл", "Проверка", "Что проверяется", "Баллы", "Пакеты"),
    }[lang]
    wanted = {symbol.name for symbol in task.symbols} | {"recipe", "Recipe"}
    name = f"solutions/{task.folder}/{task.file if len(sources) == 1 else ''}"
    names = ", ".join(f"`{file}`" for file in sources)
    parts = [
        f"<!-- Made by `autograder build` from {name}; do not edit. -->",
        f"# {task.title[lang]}",
    ]
    if len(sources) == 1:
        parts += [_texts(task.file, sources, lang, translations)[""], COMMON[lang]]
    parts.append(
        f"- {words[0]}: {task.lesson[lang]}\n- {words[1]}: {task.paper}\n"
        f"- {words[2]}: {names}\n- {words[3]}: `autograder check {task.name}`"
    )
    if task.allowed:
        parts[-1] += f"\n- {words[6]}: torch, numpy, {', '.join(task.allowed)}"
    for file, source in sources.items():
        texts = _texts(file, sources, lang, translations)
        if len(sources) > 1:
            parts += [f"## `{file}`", texts[""]]
        for signature, symbol in _signatures(source):
            if symbol in texts and (task.reference or symbol in wanted):
                parts += [f"{'#' * (2 + (len(sources) > 1))} `{signature}`", texts[symbol]]
    rows = [f"| {words[4]} | {words[5]} |", "|---|---|"]
    for check in planned(task):
        if check.points:
            rows.append(f"| {catalogue.title(check)} | {check.points} |")
    parts += [f"## {words[5]}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _texts(
    file: str, sources: dict[str, str], lang: str, translations: dict[str, Translation]
) -> dict[str, str]:
    """The docstrings of a file in a language, by name."""
    if lang == "ru":
        return translations[file].docstrings
    return {key: text for key, (text, _) in docstrings(sources[file]).items()}


def _signatures(source: str) -> Iterator[tuple[str, str]]:
    """Every top-level class and function as one line, with its name."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            yield f"{node.name}({ast.unparse(node.args)})", node.name
        elif isinstance(node, ast.ClassDef):
            init = next(
                (f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"),
                None,
            )
            text = ast.unparse(init.args).removeprefix("self, ") if init else ""
            yield f"{node.name}({text})", node.name


def _catalogue(lang: str) -> Catalogue:
    """A catalogue straight from its source, so that build does not depend on its own output."""
    return Catalogue.from_bytes(
        lang, compile_catalogue(PACKAGE / "locale" / f"{lang}.po", titles(lang))
    )


def compile_catalogue(po: Path, more: dict[str, str] | None = None) -> bytes:
    """Compile a .po file, and some texts more, to the bytes of its .mo file."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with po.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    for id, text in (more or {}).items():
        catalogue.add(id, text)
    # Babel would write the time of the build into the file.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def _refuse_misfits(course: Course) -> None:
    """Every task has its checks, and every mistake fits the solution and fails one of them.

    Raises:
        UsageError: one does not.
    """
    for task in all_tasks():
        if find_spec(f"autograder.checks.{task.name}") is None:
            raise UsageError(f"{task.name}: write its checks, autograder/checks/{task.name}.py")
        ids = {check.id for check in planned(task)}
        texts = {file: course.solution(task, file).read_text("utf-8") for file in task.files}
        patches = [(one.id, task.file, one.replace) for one in course.accepted(task)]
        for mutant in course.mutants(task):
            if mutant.fails not in ids:
                raise UsageError(
                    f"{task.name}: the mistake {mutant.id} is to fail {mutant.fails!r}, "
                    "and there is no such check"
                )
            file = mutant.file or task.file
            patches += [(mutant.id, file, replace) for replace, _ in variants(mutant)]
        for id, file, replace in patches:
            if (count := texts[file].count(replace)) != 1:
                first = replace.strip().partition("\n")[0][:60]
                raise UsageError(
                    f"{task.name}, {id}: {first!r} … stands {count} times in {file}, not once"
                )


def _refuse_stray(folder: Path, wanted: set[Path]) -> None:
    found = {
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    stray = sorted(str(path.relative_to(folder.parent)) for path in found - wanted)
    if stray:
        raise UsageError(
            f"not generated: {', '.join(stray)}; assignments/ is made from solutions/: "
            "delete the file there or add its source"
        )


def _shown(path: Path, course: Course) -> str:
    for folder in (course.folder, PACKAGE.parent):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return str(path)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
