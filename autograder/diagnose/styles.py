"""Rewrite a solution into another style of writing that computes exactly the same.

Each style works on any text, with mistakes or without: what it cannot prove to be safe to
rewrite, it leaves as it stands.
"""

import ast
import builtins
import copy
import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
HERE = Path(__file__).parent
# Names that PyTorch itself calls or sets.
PROMISED = {"forward", "train", "eval", "training", "to", "reset_parameters", "extra_repr"}
DYNAMIC = {"getattr", "setattr", "hasattr", "delattr", "__dict__", "locals", "vars", "exec"}
REGISTERING = {"add_module", "register_module", "register_parameter", "register_buffer"}
WALKS = {"children", "named_children", "modules", "named_modules", "_modules", "_parameters"}
# A result of these is a tensor of its own, which no backward pass needs.
FRESH = ("Conv2d", "BatchNorm2d", "Linear")
STATEFUL = {"Conv2d", "BatchNorm2d", "Linear"}
STATE = {"weight", "bias", "running_mean", "running_var", "in_features", "out_features"}
FOREIGN = {"padding_mode", "device", "dtype", None}  # arguments that own layers do not know
OWN_LAYERS = STATEFUL | {
    "ReLU", "Flatten", "Dropout", "Sequential", "Softmax",
    "MaxPool2d", "AvgPool2d", "AdaptiveMaxPool2d", "AdaptiveAvgPool2d",
}  # fmt: skip
OWN_EXPRESSIONS = {"ReLU", "Flatten", "MaxPool2d", "AdaptiveAvgPool2d"}
OWN_FUNCTIONS = {
    "relu": "own_relu", "flatten": "own_flatten", "cat": "own_cat", "concat": "own_cat",
    "concatenate": "own_cat",
}  # fmt: skip
OPERATORS: dict[type[ast.operator], str] = {ast.Mult: "mul", ast.Add: "add"}


def renamed(source: str) -> str:
    """Other names, the layers registered the other way round, ReLU in place where it may."""
    tree = ast.parse(source)
    for node in _classes(tree):
        _relu_in_place(node)
    names = _new_names(tree, "piece", _attributes(tree))
    tree = _Attributes(names).visit(tree)
    for function in _outer_functions(tree):
        _name_results(function)
        _Names(_new_names(tree, "value", _locals(function, tree))).visit(function)
    if not _mentioned(tree) & WALKS:
        for node in _classes(tree):
            _reverse_registration(node)
    return _text(tree)


def functional(source: str) -> str:
    """Layers written by hand around torch.nn.functional; operators as functions."""
    tree = ast.parse(source)
    touched = {name for node in _classes(tree) for name in _mentioned(node)}
    own = OWN_LAYERS - STATEFUL if touched & STATE else OWN_LAYERS
    tree = _OwnLayers(own).visit(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            _OperatorCalls().visit(node)
    return _text(tree, "own_layers.py")


def expressions(source: str) -> str:
    """Other expressions for the same: where, filled slices, means; layers in one dictionary."""
    tree = ast.parse(source)
    for node in _classes(tree):
        _shortcut_first(node)
    for node in _classes(tree):
        _into_dictionary(node, tree)
    return _text(_OwnExpressions(OWN_EXPRESSIONS).visit(tree), "own_expressions.py")


STYLES: dict[str, Callable[[str], str]] = {
    "renamed": renamed,
    "functional": functional,
    "expressions": expressions,
}


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
        for name in _named_by_string(node):
            name.value = self.names.get(name.value, name.value)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        for method in _methods(node):
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


class _Dictionary(ast.NodeTransformer):
    """self.name -> self.pieces["name of its own"]."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not _is_self(node) or node.attr not in self.keys:
            return node
        pieces = ast.Attribute(node.value, "pieces", ast.Load())
        return ast.Subscript(pieces, ast.Constant(self.keys[node.attr]), node.ctx)


class _OwnLayers(ast.NodeTransformer):
    """nn.Name -> OwnName; what asks for a class's instances asks for both."""

    def __init__(self, own: set[str]) -> None:
        self.own = own

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in self.own and ast.unparse(node.value) in ("nn", "torch.nn"):
            return ast.Name(f"Own{node.attr}", ast.Load())
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if name == "isinstance" and len(node.args) == 2:
            kinds = node.args[1]
            both = [kinds, self.visit(ast.parse(ast.unparse(kinds), mode="eval").body)]
            node.args = [self.visit(node.args[0]), ast.Tuple(both, ast.Load())]
            return node
        foreign = name in STATEFUL and {k.arg for k in node.keywords} & FOREIGN
        named = name == "Sequential" and any(
            isinstance(a, ast.Dict) or "OrderedDict" in ast.unparse(a) for a in node.args
        )
        if foreign or named:
            node.args = [self.visit(argument) for argument in node.args]
            node.keywords = [self.visit(keyword) for keyword in node.keywords]
            return node
        self.generic_visit(node)
        if called in ("torch.relu", "nn.functional.relu"):
            node.func = ast.Attribute(ast.Name("F", ast.Load()), "relu", ast.Load())
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return node  # type(layer) is nn.ReLU


class _OwnExpressions(_OwnLayers):
    """Functions of torch -> those of own_expressions.py; a + b -> own_sum(a, b)."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Attribute):
            return super().visit_Call(node)
        base, name = ast.unparse(node.func.value), node.func.attr
        super().visit_Call(node)
        function = ast.Name(OWN_FUNCTIONS.get(name, ""), ast.Load())
        if {k.arg for k in node.keywords} - {"dim", "tensors", "start_dim", "end_dim", "inplace"}:
            return node
        if function.id and base in ("torch", "F", "nn.functional", "torch.nn.functional"):
            node.func = function
        elif (name == "relu" and not node.args and base != "self") or (
            name == "flatten" and base not in ("self", "torch", "nn", "np")
        ):
            assert isinstance(node.func, ast.Attribute)
            node.args.insert(0, node.func.value)
            node.func = function
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        return node if node.name == "__init__" else _Sums().visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        called = any(isinstance(n, (ast.Call, ast.NamedExpr, ast.Await)) for n in ast.walk(node))
        if isinstance(node.op, ast.Mult) and not called:  # a product of two is the same both ways
            node.left, node.right = node.right, node.left
        return node


class _Sums(ast.NodeTransformer):
    """a + b -> own_sum(a, b)."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add):
            return ast.Call(ast.Name("own_sum", ast.Load()), [node.left, node.right], [])
        return node


class _OperatorCalls(ast.NodeTransformer):
    """a * b -> operator.mul(a, b)."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = OPERATORS.get(type(node.op))
        if name is None:
            return node
        function = ast.Attribute(ast.Name("operator", ast.Load()), name, ast.Load())
        return ast.Call(function, [node.left, node.right], [])


def _relu_in_place(node: ast.ClassDef) -> None:
    """torch.relu of a sum or of what a layer just made -> F.relu in place."""
    made = _assigned(node)
    fresh = {n for n, values in made.items() if all(_makes(v, FRESH) for v in values)}
    # Where a forward goes through the layers itself, it may keep what came before ReLU.
    steps = [n for m in _methods(node, "forward") for n in _all(m, *_LOOPS, ast.Subscript)]
    for call in _calls(node):
        if ast.unparse(call.func) == "torch.relu" and len(call.args) == 1:
            value = call.args[0]
            layer = isinstance(value, ast.Call) and _own_name(value.func) in fresh
            if layer or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)):
                call.func = ast.parse("nn.functional.relu", mode="eval").body
                call.keywords = [ast.keyword("inplace", ast.Constant(True))]
        if ast.unparse(call.func) == "nn.Sequential" and not steps:
            for before, after in zip(call.args, call.args[1:], strict=False):
                if _makes(before, FRESH) and ast.unparse(after) == "nn.ReLU()":
                    assert isinstance(after, ast.Call)
                    after.keywords = [ast.keyword("inplace", ast.Constant(True))]


def _name_results(function: Function) -> None:
    """return <expression> -> value = <expression>; return value."""
    if list(_all(function, *_SCOPES, ast.Yield, ast.YieldFrom)) != [function]:
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
    for method in _methods(node, "__init__"):
        method.body += ast.parse(
            "for _held in (self._modules, self._parameters):\n"
            "    for _key in reversed(list(_held)):\n"
            "        _held[_key] = _held.pop(_key)"
        ).body


def _shortcut_first(node: ast.ClassDef) -> None:
    """What a layer makes of forward's input is computed first, where nothing can tell."""
    text = ast.unparse(node)
    if "ropout" in text or "inplace" in text:
        return
    made = _assigned(node)
    shared = [
        s
        for m in _methods(node, "__init__")
        for s in _all(m, ast.Assign)
        if isinstance(s.targets[0], ast.Name) and _is_module(s.value, set())
    ]
    for forward in _methods(node, "forward"):
        if shared or len(forward.args.args) != 2 or _changes_tensors(forward):
            continue
        x = forward.args.args[1].arg
        stored = {n.id for n in _all(forward, ast.Name) if not isinstance(n.ctx, ast.Load)}
        names = [_own_name(c.func) for c in _calls(forward)]
        for statement in forward.body[1:]:
            if x in stored or not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return)):
                break
            if any(_all(statement, *_LOOPS, ast.IfExp, ast.BoolOp, ast.Lambda)):
                continue
            for call in _calls(statement):
                name = _own_name(call.func)
                alone = names.count(name) == 1 and name in made
                plain = [ast.unparse(a) for a in call.args] == [x] and not call.keywords
                shares = any("self" in ast.unparse(value) for value in made.get(name, []))
                if alone and plain and not shares:
                    first = ast.Assign(
                        [ast.Name("_first", ast.Store())], copy.deepcopy(call), lineno=0
                    )
                    call.func, call.args = ast.Name("_first", ast.Load()), []
                    _Uncall().visit(statement)
                    after = isinstance(forward.body[0], ast.Expr)  # its docstring
                    forward.body.insert(int(after), first)
                    return


class _Uncall(ast.NodeTransformer):
    """_first() -> _first."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.func if ast.unparse(node) == "_first()" else node


def _into_dictionary(node: ast.ClassDef, tree: ast.Module) -> None:
    """Layers that are attributes -> entries of one nn.ModuleDict."""
    start = list(_methods(node, "__init__"))
    index = [i for m in start for i, s in enumerate(m.body) if _is_super(s)]
    bases = [ast.unparse(base) for base in node.bases]
    if bases not in (["nn.Module"], ["torch.nn.Module"]) or not index:
        return
    modules = {n.name for n in _classes(tree)}
    made = _assigned(node)
    elsewhere = {n.attr for n in _all(tree, ast.Attribute) if not _is_self(n)}
    layers = [
        name
        for name, values in made.items()
        if all(_is_module(v, modules) for v in values) and name not in elsewhere
    ]
    inherited = any(node.name in map(ast.unparse, n.bases) for n in _classes(tree))
    if inherited or _mentioned(node) & (DYNAMIC | WALKS | REGISTERING | {"pieces"}):
        return
    _Dictionary({n: f"the {i}" for i, n in enumerate(layers)}).visit(node)
    if layers:
        start[0].body.insert(index[0] + 1, ast.parse("self.pieces = nn.ModuleDict()").body[0])


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOPS = (ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _text(tree: ast.Module, top: str = "") -> str:
    """The tree as a text, with a file of ours after its docstring."""
    if top:
        own = ast.parse((HERE / top).read_text(encoding="utf-8")).body[1:]
        after = int(ast.get_docstring(tree) is not None)
        while isinstance(tree.body[after], ast.ImportFrom) and "__future__" in ast.unparse(
            tree.body[after]
        ):
            after += 1
        tree.body[after:after] = own
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _attributes(tree: ast.Module) -> list[str]:
    """What the classes of a text keep under names of their own."""
    found: dict[str, None] = {}
    fixed = set(PROMISED)
    for node in _classes(tree):
        found |= dict.fromkeys(_assigned(node))
        found |= dict.fromkeys(m.name for m in _methods(node) if not m.decorator_list)
        fixed |= {n.id for s in node.body for n in _all(s, ast.Name) if s not in _methods(node)}
    for call in _all(tree, ast.Call):
        names = list(_named_by_string(call))
        found |= dict.fromkeys(str(name.value) for name in names if _registers(call))
        if not names and (_registers(call) or ast.unparse(call.func) in DYNAMIC):
            return []  # a name is put together while the program runs
    if _mentioned(tree) & {"__dict__", "_modules", "_parameters", "_buffers", "__getattr__"}:
        return []
    return [name for name in found if name not in fixed and not name.startswith("__")]


def _locals(function: Function, tree: ast.Module) -> list[str]:
    """The local variables of a function; of forward, its parameters too."""
    if any(_all(function, ast.Global, ast.Nonlocal, ast.Match)) or any(
        n for n in _all(function, *_SCOPES) if isinstance(n, ast.ClassDef)
    ):
        return []
    found = [n.id for n in _all(function, ast.Name) if isinstance(n.ctx, ast.Store)]
    found += [n.name for n in _all(function, ast.ExceptHandler) if n.name]
    fixed = {n.arg for n in _all(tree, ast.keyword)} | set(dir(builtins))
    for nested in _all(function, ast.FunctionDef, ast.AsyncFunctionDef):
        fixed |= {nested.name} if nested is not function else set()
        parameters = [n.arg for n in _all(nested.args, ast.arg)]
        if nested is function and nested.name == "forward":
            found = parameters[1:] + found
        else:
            fixed |= set(parameters)
    for statement in tree.body:
        if isinstance(statement, _SCOPES):
            fixed.add(statement.name)
        else:
            fixed |= {n.id for n in _all(statement, ast.Name)}
    fixed |= {(a.asname or a.name).partition(".")[0] for a in _all(tree, ast.alias)}
    lambdas = {n.arg for part in _all(function, ast.Lambda) for n in _all(part.args, ast.arg)}
    return [name for name in dict.fromkeys(found) if name not in fixed | lambdas | {"self"}]


def _new_names(tree: ast.AST, prefix: str, names: Iterable[str]) -> dict[str, str]:
    """A new name for each, one that the text does not have."""
    taken = _mentioned(tree)
    free = (f"{prefix}{i}" for i in itertools.count(1) if f"{prefix}{i}" not in taken)
    return dict(zip(names, free, strict=False))


@functools.cache
def _names_of_others() -> set[str]:
    """Attributes of what is no module of the text."""
    import torch  # only here: reading a text needs no torch

    others = (torch, torch.Tensor, torch.nn.Module, torch.nn.ModuleDict, torch.nn.functional)
    return {name for kind in (*others, torch.nn.Conv2d, dict, list, str) for name in dir(kind)}


def _is_own(node: ast.Attribute) -> bool:
    return _is_self(node) or node.attr not in _names_of_others()


def _is_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _own_name(node: ast.AST) -> str:
    """name of self.name, else nothing."""
    return node.attr if isinstance(node, ast.Attribute) and _is_self(node) else ""


def _is_super(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node) == "super().__init__()"


def _all(tree: ast.AST, *kinds: type[Node]) -> Iterator[Node]:
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def _calls(tree: ast.AST) -> list[ast.Call]:
    return list(_all(tree, ast.Call))


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def _methods(node: ast.ClassDef, name: str = "") -> list[ast.FunctionDef]:
    found = [statement for statement in node.body if isinstance(statement, ast.FunctionDef)]
    return [method for method in found if not name or method.name == name]


def _outer_functions(tree: ast.Module) -> list[Function]:
    bodies = [tree.body, *(node.body for node in _classes(tree))]
    return [s for body in bodies for s in body if isinstance(s, Function)]


def _assigned(node: ast.ClassDef) -> dict[str, list[ast.expr]]:
    """What a class assigns to attributes of self: name -> values; no value if it is unknown."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    known: set[int] = set()
    for statement in _all(node, ast.Assign, ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if _own_name(target) and statement.value is not None:
                found[_own_name(target)].append(statement.value)
                known.add(id(target))
    for target in _all(node, ast.Attribute):
        if _own_name(target) and not isinstance(target.ctx, ast.Load) and id(target) not in known:
            found[target.attr].append(ast.Constant(None))
    return found


def _makes(value: ast.expr, names: Iterable[str]) -> bool:
    """Whether an expression makes a layer of one of the names."""
    made = [f"{package}.{name}" for package in ("nn", "torch.nn") for name in names]
    return isinstance(value, ast.Call) and ast.unparse(value.func) in made


def _is_module(value: ast.expr, modules: set[str]) -> bool:
    """Whether an expression makes a module for sure."""
    if isinstance(value, ast.IfExp):
        return _is_module(value.body, modules) and _is_module(value.orelse, modules)
    if not isinstance(value, ast.Call):
        return False
    package, _, name = ast.unparse(value.func).rpartition(".")
    if package in ("nn", "torch.nn"):
        return name[:1].isupper() and "Parameter" not in name
    return not package and name in modules


def _mentioned(tree: ast.AST) -> set[str]:
    """Every name and attribute of a text."""
    names = {node.id for node in _all(tree, ast.Name)}
    return names | {node.attr for node in _all(tree, ast.Attribute)}


def _changes_tensors(function: Function) -> bool:
    """Whether something may be changed in place."""
    stores = any(
        not isinstance(n.ctx, ast.Load) for n in _all(function, ast.Attribute, ast.Subscript)
    )
    return (
        stores
        or any(_all(function, ast.AugAssign))
        or any(n.attr.endswith("_") for n in _all(function, ast.Attribute))
    )


def _registers(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in REGISTERING


def _named_by_string(call: ast.Call) -> Iterator[ast.Constant]:
    """The string of getattr(self, "name"), self.add_module("name", ...) and their like."""
    dynamic = ast.unparse(call.func) in DYNAMIC
    if dynamic or _registers(call):
        for argument in call.args[int(dynamic) :][:1]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument
