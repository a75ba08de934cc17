"""What a worker relies on in its process, whatever student code makes of it.

A file may wrap or close its standard output, choose another default dtype, turn gradients off,
make warnings errors or replace a builtin: that is its own affair, and must not reach the next
question. A compiler is not needed to tell right from wrong, so compiled code runs as written.
"""

import builtins
import contextlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

STREAMS = (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w"))


class OwnState:
    """The state of this process as the worker wants it; standard error leads to the log."""

    def __init__(self) -> None:
        self._null, self._log = os.open(os.devnull, os.O_RDONLY), os.dup(2)
        self._builtins = dict(vars(builtins))
        self._warnings = list(warnings.filters)
        self._errors = np.geterr()
        torch.compile = as_written
        torch.set_num_interop_threads = lambda nthreads: None  # too late here, and of no use
        self.restore()

    def restore(self) -> None:
        """Put everything back; what was printed goes to the log."""
        builtins.__dict__.update(self._builtins)
        for name, number, mode in STREAMS:
            with contextlib.suppress(BaseException):  # it may be anything by now
                getattr(sys, name).flush()
            os.dup2(self._log if number else self._null, number)
            buffering = 1 if number else -1
            own = os.fdopen(number, mode, buffering, "utf-8", "backslashreplace", closefd=False)
            setattr(sys, name, own)
            setattr(sys, f"__{name}__", own)
        warnings.resetwarnings()
        warnings.filters.extend(self._warnings)  # type: ignore[attr-defined]  # a list
        np.seterr(**self._errors)
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)
        torch.set_float32_matmul_precision("highest")
        torch.use_deterministic_algorithms(False)
        torch.autograd.set_detect_anomaly(False)
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)


def as_written(model: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Stand for torch.compile, as a function and as a decorator."""
    return (lambda model: model) if model is None else model
