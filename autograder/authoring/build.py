"""solutions/ -> assignments/: stubs, task sheets, catalogues and recorded answers.

Deterministic: the same sources give the same bytes. Recorded answers are made anew only when
something they depend on has changed, because the last digits of floats differ by machine.
"""

import ast
import hashlib
import io
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder import pictures, recordings
from autograder.checks.judge import planned
from autograder.course import Course
from autograder.diagnose import catalogue
from autograder.errors import UsageError
from autograder.messages import LANGUAGES, Catalogue
from autograder.notebooks import anchors, notebooks
from autograder.tasks import Task, all_tasks
from autograder.translations import mistakes, refuse_stale

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
PACKAGE = Path(__file__).parent
SHEETS = {"en": "TASK.md", "ru": "TASK.ru.md"}
NOT_WRITTEN = {
    "en": "{task}: {name} is not written yet",
    "ru": "{task}: {name} ещё не написано",
}
GIVEN = "# Made by `autograder build` from solutions/{}. It is complete; change what you like.\n"
# What every module of the course promises, added to the docstring of every file with modules.
COMMON = {
    "en": """Every module works in float32, float64 and bfloat16 after .to(dtype), leaves its input
unchanged, treats the items of a batch independently in eval mode, registers its weights (so
that parameters() and state_dict() see them) and shares nothing with other instances.""",
    "ru": """Каждый модуль работает в float32, float64 и bfloat16 после .to(dtype), не изменяет свой
вход, в режиме eval обрабатывает элементы батча независимо, регистрирует свои веса (чтобы их
видели parameters() и state_dict()) и не имеет ничего общего с другими экземплярами.""",
}


@dataclass(frozen=True)
class Translation:
    """ru.toml of a task: docstrings by name, TODO lines by their English text."""

    docstrings: dict[str, str]
    todo: dict[str, str]


def build(course: Course, check: bool = False) -> list[str]:
    """Write every generated file, or with check only compare; returns what was stale.

    Raises:
        UsageError: a source cannot be used, or assignments/ holds files nobody generated.
    """
    refuse_stale(course)
    wanted: dict[Path, bytes] = {}
    for lang in LANGUAGES:
        po = PACKAGE / "locale" / f"{lang}.po"
        wanted[po.with_suffix(".mo")] = compile_catalogue(po, mistakes(course, lang))
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
        for kept in (recordings, catalogue):
            if not kept.is_fresh(course, task):
                names.append(_shown(kept.path_of(task), course))
                if not check:
                    kept.record(course, task)
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


def make_stub(
    source: str, task: Task, name: str, lang: str = "en", translation: Translation | None = None
) -> str:
    """Replace every solution region by a NotImplementedError that names what is missing.

    Raises:
        UsageError: markers are unpaired, nested or outside a function, or a TODO is missing.
    """
    owners = _owners(source, name)
    lines: list[str] = []
    if BEGIN not in source:
        raise UsageError(f"{name}: no {BEGIN}: nothing is left for the student")
    begin = 0
    for number, line in enumerate(source.splitlines(), start=1):
        mark = line.strip()
        if mark == BEGIN:
            if begin:
                raise UsageError(f"{name}:{number}: {BEGIN} inside the region of line {begin}")
            begin = number
            if not lines or "# TODO" not in lines[-1]:
                raise UsageError(f"{name}:{number}: no TODO line before {BEGIN}")
            owner = owners.get(number)
            if owner is None:
                raise UsageError(f"{name}:{number}: {BEGIN} stands outside a function")
            text = NOT_WRITTEN[lang].format(task=task.name, name=owner)
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("{text}")')
        elif mark == END:
            if not begin:
                raise UsageError(f"{name}:{number}: {END} without {BEGIN}")
            begin = 0
        elif "BEGIN SOLUTION" in line or "END SOLUTION" in line:
            raise UsageError(f"{name}:{number}: a marker stands alone on its line as {BEGIN}")
        elif not begin:
            lines.append(line)
    if begin:
        raise UsageError(f"{name}:{begin}: {BEGIN} without {END}")
    header = f"# Made by `autograder build` from {name}. Now it is yours: write your code here.\n"
    stub = header + "\n".join(lines) + "\n"
    texts = {"": docstrings(stub)[""][0]}
    if lang == "ru" and translation is not None:
        texts = dict(translation.docstrings)
        todo = translation.todo
        stub = re.sub(r"# TODO: (.*)", lambda m: f"# TODO: {todo[m.group(1)]}", stub)
    if not task.homework:
        texts[""] += f"\n\n{COMMON[lang]}"
    stub = _with_docstrings(stub, texts)
    ast.parse(stub)
    return stub


def _owners(source: str, name: str) -> dict[int, str]:
    """The qualified name of the innermost function around each line."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UsageError(f"{name}:{error.lineno}: {error.msg}") from None
    owners: dict[int, str] = {}

    def visit(node: ast.AST, path: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = path
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = (*path, child.name)
                if isinstance(child, ast.FunctionDef) and child.end_lineno:
                    # A region may end the function: its END comment is past the last node.
                    for line in range(child.lineno, child.end_lineno + 1):
                        owners[line] = ".".join(inner)
            visit(child, inner)

    visit(tree, ())
    return owners


def docstrings(source: str) -> dict[str, tuple[str, ast.expr]]:
    """Docstrings by qualified name ("" is the module's), with their place."""
    found: dict[str, tuple[str, ast.expr]] = {}

    def visit(node: ast.Module | ast.ClassDef | ast.FunctionDef, path: tuple[str, ...]) -> None:
        text = ast.get_docstring(node)
        first = node.body[0] if node.body else None
        if text is not None and isinstance(first, ast.Expr):
            found[".".join(path)] = (text, first.value)
        for child in node.body:
            # What stands inside a function belongs to its solution.
            if isinstance(child, (ast.ClassDef, ast.FunctionDef)) and not isinstance(
                node, ast.FunctionDef
            ):
                visit(child, (*path, child.name))

    visit(ast.parse(source), ())
    return found


def fingerprint(text: str) -> str:
    """Ties a translation to the English text it was made from."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]


def read_translation(path: Path, source: str) -> Translation:
    """Read ru.toml and compare it with the English source.

    Raises:
        UsageError: a translation is missing or its English text has changed.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be used: {error}") from None
    found: dict[str, str] = {}
    for name, (text, _) in docstrings(source).items():
        entry = entries.get("docstring", {}).get(name or "module")
        if entry is None or entry.get("english") != fingerprint(text):
            raise UsageError(
                f"{path}: translate the docstring of {name or 'module'} again, then set "
                f'english = "{fingerprint(text)}"'
            )
        found[name] = entry["text"].strip()
    todo = entries.get("todo", {})
    for text in re.findall(r"# TODO: (.*)", source):
        if text not in todo:
            raise UsageError(f"{path}: [todo] has no translation of {text!r}")
    return Translation(found, todo)


def _with_docstrings(stub: str, texts: dict[str, str]) -> str:
    lines = stub.splitlines()
    places = sorted(docstrings(stub).items(), key=lambda item: -item[1][1].lineno)
    for name, (_, node) in places:
        if name not in texts:
            continue
        indent = " " * node.col_offset
        new = textwrap.indent(f'"""{texts[name]}', indent).splitlines()
        lines[node.lineno - 1 : node.end_lineno] = [*new, f'{indent}"""']
    return "\n".join(lines) + "\n"


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
            if symbol in texts and (not task.homework or symbol in wanted):
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
    return Catalogue.from_bytes(lang, compile_catalogue(PACKAGE / "locale" / f"{lang}.po"))


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
