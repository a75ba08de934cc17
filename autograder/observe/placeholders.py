"""Packages a task does not need: they import, and say so when they are used.

The tasks need the standard library, torch and numpy. A submission that imports matplotlib or
tqdm for its own experiments must still be graded, and one that only wraps a ready-made
network must not: so every other package, installed here or not, imports as an inert placeholder.
What a file does with it while it loads (annotations, base classes, settings, a decorator, a call
at the top) changes nothing; what the student's code uses of it later raises and names it. Where the
file itself says what to do without the package (try, except ImportError), it is not there. Only
imports written in student files are answered so; torch's own imports are left alone.
"""

import ast
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, NoReturn

AVAILABLE = {"torch", "numpy"}  # and what install() adds
THROUGH_TORCH = ("torch.utils.tensorboard",)  # there, but of no use without another package
VERSION = "999.999.999"  # newer than whatever a file asks for
OURS = {"autograder", "simpsons", "torchgen", "typing_extensions"}  # loaded, and left alone
USES = (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv",
    "mod", "rmod", "pow", "rpow", "matmul", "rmatmul", "neg", "pos", "abs", "and", "xor", "invert",
    "lshift", "rshift", "lt", "le", "gt", "ge", "int", "float", "complex", "index", "round", "len",
    "iter", "next", "contains", "enter", "exit", "aenter", "await", "aiter",
)  # fmt: skip
_loading: list[object] = []  # files that are being loaded now


@contextmanager
def loading() -> Iterator[None]:
    """Meanwhile a file loads: what it calls of a placeholder does nothing."""
    _loading.append(None)
    try:
        yield
    finally:
        _loading.pop()


class Placeholder(ModuleType):
    """Stands for a package or anything in it; using it raises ImportError."""

    __path__ = []  # noqa: RUF012  # an attribute of every module that is a package
    __version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        child = Placeholder(f"{self.__name__}.{name}")
        setattr(self, name, child)
        return child

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not _loading:
            _refuse(self.__name__)
        if len(args) == 1 and not kwargs and isinstance(args[0], (type, FunctionType)):
            return args[0]  # a decorator
        return Placeholder(self.__name__)

    def __getitem__(self, key: Any) -> "Placeholder":
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        """A setting of what is not there."""

    def __or__(self, other: Any) -> "Placeholder":
        return self

    __ror__ = __or__

    def __bool__(self) -> bool:
        return True

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    __subclasscheck__ = __instancecheck__

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (_base(self.__name__),)

    def __deepcopy__(self, memo: Any) -> "Placeholder":
        return self


def _refuse(name: str) -> NoReturn:
    package = name.partition(".")[0]
    raise ImportError(
        f"{name} was used, but {package} is not available while grading: only "
        f"{', '.join(sorted(AVAILABLE))}, the standard library and files beside this one are"
    )


def _use(self: Placeholder, *args: Any) -> NoReturn:
    _refuse(self.__name__)


for _name in USES:
    setattr(Placeholder, f"__{_name}__", _use)


def _base(name: str) -> type:
    """A base class in place of one that is not there; classes of it cannot be made use of."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        _refuse(name)

    def accept(cls: Any, /, **kwargs: Any) -> None:
        """Options of a class are the absent one's business."""

    own = {"__init__": refuse, "__init_subclass__": classmethod(accept), "__module__": name}
    return type(name.rpartition(".")[2], (), own)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A meta path finder that answers a student's imports of packages not in allowed."""

    def __init__(self, folders: set[str], allowed: set[str]) -> None:
        self._folders = folders
        self._allowed = allowed
        self._prepared = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package = name.partition(".")[0]
        if name.startswith(THROUGH_TORCH) and "tensorboard" not in self._allowed:
            return self._placeholder(name) if self._student() is not None else None
        if package in sys.stdlib_module_names:
            return None
        if package in self._allowed and (package in sys.modules or self._is_installed(package)):
            if package == "torchvision" and name == package and not self._prepared:
                self._prepared = True  # its wheel may need help; it takes seconds, so only now
                from simpsons.vision import torchvision

                torchvision()
            return None
        if isinstance(sys.modules.get(package), Placeholder):
            return self._placeholder(name)
        student = self._student()
        if student is None:
            return None
        found = importlib.machinery.PathFinder.find_spec(package, self._own_folders())
        if found is not None:  # a file of the student's own, whatever is installed under its name
            return found if name == package else None
        if name == package and does_without(*student):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return self._placeholder(name)

    def _placeholder(self, name: str) -> importlib.machinery.ModuleSpec:
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def _is_installed(self, package: str) -> bool:
        others = (finder for finder in sys.meta_path if finder is not self)
        return any(finder.find_spec(package, None) is not None for finder in others)

    def _own_folders(self) -> list[str]:
        return [place for place in sys.path if f"{place}{os.sep}".startswith(tuple(self._folders))]

    def _student(self) -> tuple[str, int] | None:
        """File and line of the import statement, if it is written in a student's file."""
        frame = sys._getframe(2)
        while frame is not None and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back  # type: ignore[assignment]  # the last one has no caller
        if frame is None:
            return None
        origin = frame.f_code.co_filename
        own = origin == "<string>" or origin.startswith(tuple(self._folders))
        return (origin, frame.f_lineno) if own else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def does_without(file: str, line: int) -> bool:
    """Whether an import stands in a try that goes on where the package is not there."""
    for node in _tries(file):
        last = node.body[-1].end_lineno or 0
        if node.body[0].lineno <= line <= last:
            caught = {ast.unparse(h.type) if h.type else "Exception" for h in node.handlers}
            return any(
                re.search(r"\b(ImportError|ModuleNotFoundError|Exception)\b", c) for c in caught
            )
    return False


@functools.cache
def _tries(file: str) -> tuple[ast.Try, ...]:
    """Every try statement of a file, the inner ones first."""
    try:
        with open(file, "rb") as source:
            found = [
                node for node in ast.walk(ast.parse(source.read())) if isinstance(node, ast.Try)
            ]
    except (OSError, SyntaxError, ValueError):
        return ()
    return tuple(sorted(found, key=lambda node: -node.lineno))


def install(folders: set[str], allowed: set[str]) -> None:
    """Answer, in this process, the imports written in files below the folders.

    A package that something of ours has loaded already is not there for them either.
    """
    AVAILABLE.update(allowed)
    kept = {"torch", "numpy", *allowed, *OURS, *sys.stdlib_module_names}
    for name in list(sys.modules):
        package = name.partition(".")[0]
        if package not in kept and not package.startswith("_"):
            del sys.modules[name]
    sys.meta_path.insert(0, Finder(folders, allowed))
