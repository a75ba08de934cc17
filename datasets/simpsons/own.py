"""Load files of a student's: another task (the own ResNet in the homework), a run's model.py."""

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from simpsons.errors import DataError

if TYPE_CHECKING:
    from torch import nn

MODEL_FOLDERS = ("06_simpsons", "assignments/06_simpsons", "solutions/06_simpsons")


def own_task(task: str, folder: Path | None = None) -> ModuleType:
    """The module of a sibling task: ``own_task("resnet").ResNet``.

    Looks beside and in the folder of the file that calls, and where no file calls (in a notebook)
    beside and in the working directory, for ``*_<task>/<task>.py``; or only in the folder given.

    Raises:
        ImportError: there is no such file; the text names the folders searched.
    """
    caller = Path(inspect.stack()[1].filename)
    is_file = caller.is_file()
    here = caller.resolve().parent if is_file else Path.cwd()
    places = [here.parent, here]
    if folder is not None:
        places = [folder]
    for place in dict.fromkeys(places):
        found = sorted(place.glob(f"*_{task}/{task}.py"))
        if found:
            return _load(found[0])
    looked = ", ".join(map(str, dict.fromkeys(places)))
    raise ImportError(
        f"own_task({task!r}): no folder like 04_{task} with {task}.py in {looked}; keep the "
        "folders of the tasks side by side"
    )


@functools.cache
def _load(path: Path) -> ModuleType:
    name = f"own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def forget() -> None:
    """Load every file anew when it is asked for again: it may have been edited."""
    _load.cache_clear()


def build_function(folder: Path | None = None) -> "Callable[[int], nn.Module]":
    """build_model of the model.py in a folder; its errors are told as errors of that file.

    Raises:
        DataError: there is no model.py, or it cannot be loaded.
    """
    places = [folder] if folder else [Path.cwd() / name for name in MODEL_FOLDERS]
    found = next((place / "model.py" for place in places if (place / "model.py").is_file()), None)
    if found is None:
        looked = ", ".join(map(str, places))
        raise DataError(f"no model.py in {looked}; give the folder of yours with --model DIR")
    spec = importlib.util.spec_from_file_location(
        f"model_{hash(found.resolve()):x}", found.resolve()
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    sys.path.insert(0, str(found.parent.resolve()))  # files beside it, as when it was trained
    try:
        spec.loader.exec_module(module)
        build: Callable[[int], nn.Module] = module.build_model
    except Exception as error:  # code of a student, who must be told and not shown our frames
        raise DataError(f"{found}: cannot be loaded: {error!r}") from None
    finally:
        sys.path.pop(0)

    def guarded(num_classes: int) -> "nn.Module":
        try:
            return build(num_classes)
        except Exception as error:
            raise DataError(f"{found}: build_model({num_classes}) fails: {error!r}") from None

    return guarded


def model_beside(run: Path) -> "Callable[[int], nn.Module] | None":
    """build_model of the model.py beside a run folder, where there is one."""
    folder = run.resolve().parent
    return build_function(folder) if (folder / "model.py").is_file() else None
