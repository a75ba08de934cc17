"""Read the syntax tree of a solution: its classes, what they keep, what they call."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, overload

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
DYNAMIC = {"getattr", "setattr", "hasattr", "delattr", "__dict__", "locals", "vars", "exec"}
WALKS = {"children", "named_children", "modules", "named_modules", "_modules", "_parameters"}
REGISTERING = {"add_module", "register_module", "register_parameter", "register_buffer"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LOOPS = (ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@overload
def every(tree: ast.AST, kind: type[Node], /) -> Iterator[Node]: ...


@overload
def every(tree: ast.AST, /, *kinds: type[ast.AST]) -> Iterator[Any]: ...


def every(tree: ast.AST, /, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of some kinds."""
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def calls(tree: ast.AST) -> list[ast.Call]:
    """What is called."""
    return list(every(tree, ast.Call))


def classes(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes of a file."""
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def module_classes(tree: ast.Module) -> set[str]:
    """The classes of a file that are modules, of nn.Module or of one another."""
    found: set[str] = set()
    for node in classes(tree):
        bases = {ast.unparse(base) for base in node.bases}
        if bases & (found | {"nn.Module", "torch.nn.Module"}):
            found.add(node.name)
    return found


def methods(node: ast.ClassDef, name: str = "") -> list[ast.FunctionDef]:
    """The methods of a class, or those of one name."""
    found = [statement for statement in node.body if isinstance(statement, ast.FunctionDef)]
    return [method for method in found if not name or method.name == name]


def outer_functions(tree: ast.Module) -> list[Function]:
    """The functions of a file and the methods of its classes, but no function in a function."""
    bodies = [tree.body, *(node.body for node in classes(tree))]
    return [s for body in bodies for s in body if isinstance(s, Function)]


def assigned(node: ast.ClassDef) -> dict[str, list[ast.expr]]:
    """What a class assigns to attributes of self: name -> values; no value if it is unknown."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    known: set[int] = set()
    for statement in every(node, ast.Assign, ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if own_name(target) and statement.value is not None:
                found[own_name(target)].append(statement.value)
                known.add(id(target))
    for target in every(node, ast.Attribute):
        if own_name(target) and not isinstance(target.ctx, ast.Load) and id(target) not in known:
            found[own_name(target)].append(ast.Constant(None))
    return found


def mentioned(tree: ast.AST) -> set[str]:
    """Every name and attribute of a text."""
    names = {node.id for node in every(tree, ast.Name)}
    return names | {node.attr for node in every(tree, ast.Attribute)}


def makes(value: ast.expr, names: Iterable[str]) -> bool:
    """Whether an expression makes a layer of one of the names."""
    made = [f"{package}.{name}" for package in ("nn", "torch.nn") for name in names]
    return isinstance(value, ast.Call) and ast.unparse(value.func) in made


def is_module(value: ast.expr, modules: set[str]) -> bool:
    """Whether an expression makes a module for sure."""
    if isinstance(value, ast.IfExp):
        return is_module(value.body, modules) and is_module(value.orelse, modules)
    if not isinstance(value, ast.Call):
        return False
    package, _, name = ast.unparse(value.func).rpartition(".")
    if package in ("nn", "torch.nn"):
        return name[:1].isupper() and "Parameter" not in name
    return not package and name in modules


def is_self(node: ast.Attribute) -> bool:
    """Whether it is self.something."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def own_name(node: ast.AST) -> str:
    """name of self.name, else nothing."""
    return node.attr if isinstance(node, ast.Attribute) and is_self(node) else ""


def is_super(node: ast.stmt) -> bool:
    """Whether a statement prepares nn.Module."""
    return isinstance(node, ast.Expr) and ast.unparse(node) == "super().__init__()"


def changes_tensors(function: Function) -> bool:
    """Whether something may be changed in place."""
    stores = any(
        not isinstance(n.ctx, ast.Load) for n in every(function, ast.Attribute, ast.Subscript)
    )
    return (
        stores
        or any(every(function, ast.AugAssign))
        or any(n.attr.endswith("_") for n in every(function, ast.Attribute))
    )


def registers(call: ast.Call) -> bool:
    """Whether a call makes an attribute whose name is a string."""
    return ast.unparse(call.func).rpartition(".")[2] in REGISTERING


def named_by_string(call: ast.Call) -> Iterator[ast.Constant]:
    """The string of getattr(self, "name"), self.add_module("name", ...) and their like."""
    dynamic = ast.unparse(call.func) in DYNAMIC
    if dynamic or registers(call):
        for argument in call.args[int(dynamic) :][:1]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument
