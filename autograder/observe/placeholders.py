"""Packages a task does not need: they import, and say so when they are used.

The tasks need the standard library, torch and numpy. A submission that imports matplotlib or
tqdm for its own experiments must still be graded, and one that only wraps a ready-made
network must not: so every other package imports as an inert placeholder that raises, naming
itself, only when something of it is used. Only imports written in student files are
answered so; torch's own imports are left alone.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

WELL_KNOWN = {
    "PIL", "albumentations", "autograder", "cv2", "einops", "fastai", "google", "gradio",
    "IPython", "jax", "keras", "lightning", "matplotlib", "monai", "pandas", "plotly",
    "pytorch_lightning", "safetensors", "scipy", "seaborn", "simpsons", "skimage", "sklearn",
    "tensorboard", "tensorflow", "timm", "torchinfo", "torchmetrics", "torchsummary",
    "torchvision", "tqdm", "transformers", "wandb",
}  # fmt: skip


AVAILABLE = {"torch", "numpy"}  # and what install() adds


class Placeholder(ModuleType):
    """Stands for a package or anything in it; any use of it raises ImportError."""

    __path__ = []  # noqa: RUF012  # an attribute of every module that is a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Placeholder(f"{self.__name__}.{name}")

    def _raise(self, *args: Any, **kwargs: Any) -> NoReturn:
        package = self.__name__.partition(".")[0]
        raise ImportError(
            f"{self.__name__} was used, but {package} is not available while grading: only "
            f"{', '.join(sorted(AVAILABLE))} and the standard library are"
        )

    __call__ = __iter__ = __enter__ = __getitem__ = __len__ = __mro_entries__ = _raise


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
        if package in sys.stdlib_module_names:
            return None
        if package in self._allowed and (package in sys.modules or self._is_installed(package)):
            if package == "torchvision" and name == package and not self._prepared:
                self._prepared = True  # its wheel may need help; it takes seconds, so only now
                from simpsons.vision import torchvision

                torchvision()
            return None
        if isinstance(sys.modules.get(package), Placeholder):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        origin = _importer()
        if origin is None or not self._is_student(origin):
            return None
        if package not in WELL_KNOWN:
            spec = importlib.machinery.PathFinder.find_spec(package)
            if spec is None or self._is_student(spec.origin or ""):
                return None  # a helper of the student's own, or nothing at all
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def _is_installed(self, package: str) -> bool:
        others = (finder for finder in sys.meta_path if finder is not self)
        return any(finder.find_spec(package, None) is not None for finder in others)

    def _is_student(self, path: str) -> bool:
        return path.startswith(tuple(self._folders))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return Placeholder(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def _importer() -> str | None:
    """The file that wrote the import statement."""
    frame = sys._getframe(2)
    while frame is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]  # the last one has no caller
    return frame.f_code.co_filename if frame is not None else None


def install(folders: set[str], allowed: set[str]) -> None:
    """Answer, in this process, the imports written in files below the folders."""
    AVAILABLE.update(allowed)
    sys.meta_path.insert(0, Finder(folders, allowed))
