"""Rewrite a solution into another style of writing that computes exactly the same.

Each style works on any text, with mistakes or without: what it cannot prove to be safe to
rewrite, it leaves as it stands.
"""

import ast
import copy
from collections.abc import Callable
from pathlib import Path

from autograder.authoring.renaming import renamed
from autograder.authoring.syntax import (
    DYNAMIC,
    LOOPS,
    REGISTERING,
    WALKS,
    assigned,
    calls,
    changes_tensors,
    classes,
    every,
    is_module,
    is_self,
    is_super,
    mentioned,
    methods,
    module_classes,
    own_name,
)

HERE = Path(__file__).parent
STATEFUL = {"Conv2d", "BatchNorm2d", "Linear"}
STATE = {
    "weight", "bias", "running_mean", "running_var", "num_batches_tracked", "in_features",
    "out_features", "in_channels", "out_channels", "num_features", "stride", "padding",
    "kernel_size", "groups",
}  # fmt: skip
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


def functional(source: str) -> str:
    """Layers written by hand around torch.nn.functional; operators as functions."""
    tree = ast.parse(source)
    own = OWN_LAYERS - _told_apart(tree)
    for node in classes(tree):
        made = assigned(node)
        if any(n.attr in STATE and own_name(n) not in made for n in every(node, ast.Attribute)):
            own -= STATEFUL  # own layers keep theirs under other names
    tree = _OwnLayers(own).visit(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            _OperatorCalls().visit(node)
    return _text(tree, "own_layers.py")


def expressions(source: str) -> str:
    """Other expressions for the same: where, filled slices, means; layers in one dictionary."""
    tree = ast.parse(source)
    if not _changes_inputs(tree):
        for node in classes(tree):
            _shortcut_first(node)
    for node in classes(tree):
        _into_dictionary(node, tree)
    own = OWN_EXPRESSIONS - _told_apart(tree)
    return _text(_OwnExpressions(own).visit(tree), "own_expressions.py")


STYLES: dict[str, Callable[[str], str]] = {
    "renamed": renamed,
    "functional": functional,
    "expressions": expressions,
}


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


class _OwnExpressions(_OwnLayers):
    """Functions of torch -> those of own_expressions.py; a + b -> own_sum(a, b)."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Attribute):
            return super().visit_Call(node)
        base, name = ast.unparse(node.func.value), node.func.attr
        super().visit_Call(node)
        function = ast.Name(OWN_FUNCTIONS.get(name, ""), ast.Load())
        if {k.arg for k in node.keywords} - {"dim", "start_dim", "end_dim", "inplace"}:
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


def _told_apart(tree: ast.Module) -> set[str]:
    """The layers whose very class is asked for, as in type(layer) is nn.ReLU."""
    if "__name__" in mentioned(tree):
        return OWN_LAYERS
    asked = every(tree, ast.Compare, ast.MatchClass)
    return {n.attr for node in asked for n in every(node, ast.Attribute)}


def _changes_inputs(tree: ast.Module) -> bool:
    """Whether something may be changed in place, or is drawn at random."""
    text = ast.unparse(tree)
    passes = [m for node in classes(tree) for m in methods(node) if m.name != "__init__"]
    return "ropout" in text or "inplace" in text or any(map(changes_tensors, passes))


def _shortcut_first(node: ast.ClassDef) -> None:
    """What a layer makes of forward's input is computed first, where nothing can tell."""
    made = assigned(node)
    shared = [
        s
        for m in methods(node, "__init__")
        for s in every(m, ast.Assign)
        if isinstance(s.targets[0], ast.Name) and is_module(s.value, set())
    ]
    for forward in methods(node, "forward"):
        if shared or len(forward.args.args) != 2:
            continue
        x = forward.args.args[1].arg
        stored = {n.id for n in every(forward, ast.Name) if not isinstance(n.ctx, ast.Load)}
        names = [own_name(c.func) for c in calls(forward)]
        for statement in forward.body[1:]:
            if x in stored or not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Return)):
                break
            if any(every(statement, *LOOPS, ast.IfExp, ast.BoolOp, ast.Lambda)):
                continue
            for call in calls(statement):
                name = own_name(call.func)
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
    start = list(methods(node, "__init__"))
    index = [i for m in start for i, s in enumerate(m.body) if is_super(s)]
    bases = [ast.unparse(base) for base in node.bases]
    if bases not in (["nn.Module"], ["torch.nn.Module"]) or not index:
        return
    modules = module_classes(tree)
    made = assigned(node)
    elsewhere = {n.attr for n in every(tree, ast.Attribute) if not is_self(n)}
    layers = [
        name
        for name, values in made.items()
        if all(is_module(v, modules) for v in values) and name not in elsewhere
    ]
    inherited = any(node.name in map(ast.unparse, n.bases) for n in classes(tree))
    if inherited or mentioned(node) & (DYNAMIC | WALKS | REGISTERING | {"pieces"}):
        return
    _Dictionary({n: f"step {i}" for i, n in enumerate(layers)}).visit(node)
    if layers:
        start[0].body.insert(index[0] + 1, ast.parse("self.pieces = nn.ModuleDict()").body[0])


class _Dictionary(ast.NodeTransformer):
    """self.name -> self.pieces["name of its own"]."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not is_self(node) or node.attr not in self.keys:
            return node
        pieces = ast.Attribute(node.value, "pieces", ast.Load())
        return ast.Subscript(pieces, ast.Constant(self.keys[node.attr]), node.ctx)


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
