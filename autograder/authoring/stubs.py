"""A solution becomes a stub: its regions are left out, its docstrings may be translated."""

import ast
import re
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.translations import fingerprint
from autograder.course.tasks import Task
from autograder.errors import UsageError

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
NOT_WRITTEN = {
    "en": "{task}: {name} is not written yet",
    "ru": "{task}: {name} ещё не написано",
}
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
    if task.reference:
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
