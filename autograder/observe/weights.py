"""Fill tensors from a seed and reduce them to two numbers.

A large tensor repeats a pattern: filling a network must cost less than running it.
"""

import math

import numpy as np
import torch
from torch import Tensor

from autograder.observe.draw import LARGE, PERIOD, pattern
from autograder.observe.shared import repeated


@torch.no_grad()
def fill(
    tensor: Tensor,
    seed: str,
    index: int | str,
    role: str,
    fan_in: int = 0,
    transposed: bool = False,
) -> None:
    """Overwrite a tensor with its numbers; weights are scaled by sqrt(2 / fan_in).

    The role eye makes output i read input i and nothing else. A very large tensor gets another
    memory instead, where one block of numbers repeats.
    """
    if role == "eye":
        tensor.zero_()
        rows = tensor.t() if transposed else tensor.view(tensor.shape[0], -1)
        rows.fill_diagonal_(1)
        return
    values = pattern(seed, index, role, tensor.numel())
    fan_in = fan_in or max(1, tensor.numel() // max(1, *tensor.shape[:1]))
    values = values * (math.sqrt(2 / fan_in) if role == "weight" else 1.0)
    source = torch.from_numpy(values)
    if not transposed and values.size == tensor.numel():
        tensor.copy_(source.view(tensor.shape))
        return
    source = source.to(tensor.dtype)
    if transposed:
        tensor.copy_(_tile(source, tensor.numel()).reshape(tensor.shape[1], -1).t())
    elif tensor.is_contiguous():
        shareable = tensor.numel() > LARGE and not tensor._is_view() and tensor.is_cpu
        numbers = repeated(source, tensor.numel()) if shareable else None
        if numbers is not None:
            tensor.data = numbers.view(tensor.shape)
            return
        flat = tensor.view(-1)
        whole = flat.numel() // len(source) * len(source)
        flat[:whole].view(-1, len(source)).copy_(source.expand(whole // len(source), -1))
        flat[whole:].copy_(source[: flat.numel() - whole])
    else:
        tensor.copy_(_tile(source, tensor.numel()).reshape(tensor.shape))


def part_name(name: str, part: Tensor, whole: Tensor) -> str:
    """A name for a view of a parameter that holds several weights: name@offset:sizes:strides."""
    offset = part.storage_offset() - whole.storage_offset()
    sizes, strides = ("x".join(map(str, numbers)) for numbers in (part.shape, part.stride()))
    return f"{name}@{offset}:{sizes}:{strides}"


def is_part(part: Tensor, whole: Tensor) -> bool:
    """Whether a tensor is a view of some of the numbers of another."""
    return (
        0 < part.numel() < whole.numel()
        and part.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()
        and whole.is_contiguous()
    )


def shape_of_part(name: str) -> list[int]:
    """The shape in a name made by part_name."""
    sizes = name.rpartition("@")[2].split(":")[1]
    return [int(size) for size in sizes.split("x") if size]


def take_part(whole: Tensor, name: str) -> Tensor:
    """The view that a name made by part_name stands for."""
    offset, _, strides = name.rpartition("@")[2].split(":")
    steps = [int(step) for step in strides.split("x") if step]
    return whole.as_strided(shape_of_part(name), steps, whole.storage_offset() + int(offset))


def project(tensor: Tensor, seed: str, index: int | str) -> tuple[float, float]:
    """Reduce a tensor to its L2 norm and its product with the seed's numbers, repeated."""
    flat = tensor.detach().cpu().reshape(-1)
    if flat.numel() <= PERIOD:
        few = flat.double().numpy()
        factors = pattern(seed, index, "projection", few.size)
        with np.errstate(all="ignore"):
            return float(np.sqrt(few @ few)), float(few @ factors)
    if flat.dtype not in (torch.float32, torch.float64):
        flat = flat.double()
    numbers = torch.from_numpy(pattern(seed, index, "projection", flat.numel())).to(flat.dtype)
    whole = flat.numel() // len(numbers) * len(numbers)
    product = torch.mv(flat[:whole].view(-1, len(numbers)), numbers).double().sum()
    rest = flat[whole:]
    product += torch.dot(rest, numbers[: len(rest)])
    return torch.linalg.vector_norm(flat).item(), product.item()


def _tile(source: Tensor, count: int) -> Tensor:
    return source.repeat(-(-count // max(len(source), 1)))[:count]
