"""Very large weights without their memory: the same pages of numbers, mapped again and again.

The first linear layer of VGG has 103 million weights. Writing them costs more than running the
network, so where the system can, all of them are views of one block of two megabytes.
"""

import contextlib
import ctypes
import sys
import tempfile
import weakref

import torch
from torch import Tensor

PAGE = 4096
PROT_READ, PROT_WRITE = 1, 2
MAP_PRIVATE, MAP_FIXED = 2, 16
FAILED = ctypes.c_void_p(-1).value


def repeated(block: Tensor, count: int) -> Tensor | None:
    """The block repeated up to a count of numbers, or None where the system cannot.

    Writing into the tensor changes that place only. Its addresses are given back with it.
    """
    fits = block.numel() * block.element_size() % PAGE == 0
    if sys.platform != "linux" or not fits:
        return None
    try:
        return _mapped(block, count)
    except (OSError, AttributeError):
        return None


def give_back() -> None:
    """Return memory that is free to the system, where it can be: what was looked at is large."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def _mapped(block: Tensor, count: int) -> Tensor:
    libc = ctypes.CDLL(None, use_errno=True)
    address, number, word = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    libc.mmap.restype = address
    libc.mmap.argtypes = [address, word, number, number, number, ctypes.c_long]
    libc.munmap.argtypes = [address, word]

    def place(start: int, size: int, flags: int, file: int) -> int:
        flags |= MAP_PRIVATE
        found = libc.mmap(start, size, PROT_READ | PROT_WRITE, flags, file, 0)
        if found == FAILED:
            raise OSError(ctypes.get_errno(), "mmap")
        return int(found)

    size = block.numel() * block.element_size()
    whole = -(-count * block.element_size() // size) * size
    with tempfile.TemporaryFile() as file:
        file.write(block.numpy().tobytes())
        file.flush()
        start = place(0, whole, 0, file.fileno())
        for offset in range(size, whole, size):
            place(start + offset, size, MAP_FIXED, file.fileno())
    numbers = (ctypes.c_char * whole).from_address(start)
    weakref.finalize(numbers, libc.munmap, start, whole)
    return torch.frombuffer(numbers, dtype=block.dtype)[:count]
