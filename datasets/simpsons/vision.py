"""Import torchvision, also where its wheel is a CUDA build beside a CPU torch.

Such a wheel cannot load its own operators and fails with "operator torchvision::nms does not
exist". Declaring the two operators its Python code names at import time makes transforms,
models and ImageFolder work (image io and ops do not).
"""

import functools
import sys
from types import ModuleType
from typing import Any


@functools.cache
def torchvision() -> ModuleType:
    """The imported package, with its models.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import torchvision.models
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        _declare_operators()
        import torchvision.models
    found: ModuleType = torchvision
    return found


def _declare_operators() -> None:
    import torch

    make: Any = torch.library.Library
    library = make("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declare_operators.library = library  # type: ignore[attr-defined]  # it must stay alive
