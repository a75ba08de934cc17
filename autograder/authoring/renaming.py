"""The style renamed: other names, another order of registration, ReLU in place."""

import ast
import builtins
import functools
import itertools
from collections.abc import Iterable

from autograder.authoring.syntax import (
    DYNAMIC,
    LOOPS,
    SCOPES,
    WALKS,
    Function,
    assigned,
    calls,
    classes,
    every,
    is_self,
    makes,
    mentioned,
    methods,
    module_classes,
    named_by_string,
    outer_functions,
    own_name,
    registers,
)

# Names that PyTorch itself calls or sets, beside those of nn.Module.
PROMISED = {"training", "reset_parameters"}
# A result of these is a tensor of its own, which no backward pass needs.
FRESH = ("Conv2d", "BatchNorm2d", "Linear")


def renamed(source: str) -> str:
    """Other names, the layers registered the other way round, ReLU in place where it may."""
    tree = ast.parse(source)
    for node in classes(tree):
        _relu_in_place(node)
    names = _new_names(tree, "piece", _attributes(tree))
    tree = _Attributes(names).visit(tree)
    for function in outer_functions(tree):
        _name_results(function)
        _Names(_new_names(tree, "value", _locals(function, tree))).visit(function)
    if not mentioned(tree) & WALKS:
        for node in classes(tree):
            _reverse_registration(node)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Attributes(ast.NodeTransformer):
    """Give attributes other names, also where a string names one."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        node.attr = self.names.get(node.attr, node.attr) if _is_own(node) else node.attr
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        for name in named_by_string(node):
            name.value = self.names.get(str(name.value), name.value)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        for method in methods(node):
            method.name = self.names.get(method.name, method.name)
        return node


class _Names(ast.NodeTransformer):
    """Give local variables other names."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.generic_visit(node)
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.name = self.names.get(node.name, node.name) if node.name else None
        return node


def _relu_in_place(node: ast.ClassDef) -> None:
    """torch.relu of a sum or of what a layer just made -> F.relu in place."""
    made = assigned(node)
    fresh = {n for n, values in made.items() if all(makes(v, FRESH) for v in values)}
    # Where a forward goes through the layers itself, it may keep what came before ReLU.
    steps = [n for m in methods(node, "forward") for n in every(m, *LOOPS, ast.Subscript)]
    for call in calls(node):
        if ast.unparse(call.func) == "torch.relu" and len(call.args) == 1:
            value = call.args[0]
            layer = isinstance(value, ast.Call) and own_name(value.func) in fresh
            if layer or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
                call.func = ast.parse("nn.functional.relu", mode="eval").body
                call.keywords = [ast.keyword("inplace", ast.Constant(True))]
        if ast.unparse(call.func) == "nn.Sequential" and not steps:
            for before, after in zip(call.args, call.args[1:], strict=False):
                if makes(before, FRESH) and ast.unparse(after) == "nn.ReLU()":
                    assert isinstance(after, ast.Call)
                    after.keywords = [ast.keyword("inplace", ast.Constant(True))]


def _name_results(function: Function) -> None:
    """return <expression> -> value = <expression>; return value."""
    if list(every(function, *SCOPES, ast.Yield, ast.YieldFrom)) != [function]:
        return
    for node in list(ast.walk(function)):
        for _, block in ast.iter_fields(node):
            if not isinstance(block, list) or not block or not isinstance(block[-1], ast.Return):
                continue
            value = block[-1].value
            if value is not None and not isinstance(value, (ast.Name, ast.Constant)):
                block[-1:] = ast.parse("_answer = None\nreturn _answer").body
                block[-2].value = value


def _reverse_registration(node: ast.ClassDef) -> None:
    """The layers and the parameters of a module stand in reverse order in it."""
    if [ast.unparse(b) for b in node.bases] not in (["nn.Module"], ["torch.nn.Module"]):
        return
    for method in methods(node, "__init__"):
        method.body += ast.parse(
            "for _held in (self._modules, self._parameters):\n"
            "    for _key in reversed(list(_held)):\n"
            "        _held[_key] = _held.pop(_key)"
        ).body


def _attributes(tree: ast.Module) -> list[str]:
    """What the classes of a text keep under names of their own."""
    found: dict[str, None] = {}
    elsewhere = {n.attr for n in every(tree, ast.Attribute) if not is_self(n)}
    fixed = PROMISED | {n.arg or "" for n in every(tree, ast.keyword)} & elsewhere
    fixed |= _names_of_modules()
    for node in classes(tree):
        if node.name not in module_classes(tree):
            fixed |= mentioned(node)  # its names may be those of what it is made from
        found |= dict.fromkeys(assigned(node))
        found |= dict.fromkeys(m.name for m in methods(node) if not m.decorator_list)
        fixed |= {n.id for s in node.body for n in every(s, ast.Name) if s not in methods(node)}
    for call in every(tree, ast.Call):
        names = list(named_by_string(call))
        found |= dict.fromkeys(str(name.value) for name in names if registers(call))
        if not names and (registers(call) or ast.unparse(call.func) in DYNAMIC):
            return []  # a name is put together while the program runs
    if mentioned(tree) & {"__dict__", "_modules", "_parameters", "_buffers", "__getattr__"}:
        return []
    return [name for name in found if name not in fixed and not name.startswith("__")]


def _locals(function: Function, tree: ast.Module) -> list[str]:
    """The local variables of a function; of forward, its parameters too."""
    if any(every(function, ast.Global, ast.Nonlocal, ast.Match)) or any(
        n for n in every(function, *SCOPES) if isinstance(n, ast.ClassDef)
    ):
        return []
    found = [n.id for n in every(function, ast.Name) if isinstance(n.ctx, ast.Store)]
    found += [n.name for n in every(function, ast.ExceptHandler) if n.name]
    fixed = {n.arg for n in every(tree, ast.keyword)} | set(dir(builtins))
    for nested in every(function, ast.FunctionDef, ast.AsyncFunctionDef):
        fixed |= {nested.name} if nested is not function else set()
        parameters = [n.arg for n in every(nested.args, ast.arg)]
        if nested is function and nested.name == "forward":
            found = parameters[1:] + found
        else:
            fixed |= set(parameters)
    for statement in tree.body:
        if isinstance(statement, SCOPES):
            fixed.add(statement.name)
        else:
            fixed |= {n.id for n in every(statement, ast.Name)}
    fixed |= {(a.asname or a.name).partition(".")[0] for a in every(tree, ast.alias)}
    lambdas = {n.arg for part in every(function, ast.Lambda) for n in every(part.args, ast.arg)}
    return [name for name in dict.fromkeys(found) if name not in fixed | lambdas | {"self"}]


def _new_names(tree: ast.AST, prefix: str, names: Iterable[str]) -> dict[str, str]:
    """A new name for each, one that the text does not have."""
    taken = mentioned(tree)
    free = (f"{prefix}{i}" for i in itertools.count(1) if f"{prefix}{i}" not in taken)
    return dict(zip(names, free, strict=False))


@functools.cache
def _names_of_modules() -> set[str]:
    """What every module has."""
    import torch  # only here: reading a text needs no torch

    return set(dir(torch.nn.Module))


@functools.cache
def _names_of_others() -> set[str]:
    """Attributes of what is no module of the text."""
    import torch

    others = (torch, torch.Tensor, torch.nn.Module, torch.nn.ModuleDict, torch.nn.functional)
    return {name for kind in (*others, torch.nn.Conv2d, dict, list, str) for name in dir(kind)}


def _is_own(node: ast.Attribute) -> bool:
    return is_self(node) or node.attr not in _names_of_others()
