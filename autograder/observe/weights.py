"""Fill tensors from a seed and reduce them to two numbers.

A large tensor repeats a pattern: filling a network must cost less than running it.
"""

import math

import torch
from torch import Tensor

from autograder.observe.draw import pattern


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

    The role eye makes output i read input i and nothing else.
    """
    if role == "eye":
        tensor.zero_()
        rows = tensor.t() if transposed else tensor.view(tensor.shape[0], -1)
        rows.fill_diagonal_(1)
        return
    values = pattern(seed, index, role, tensor.numel())
    if role == "weight":
        fan_in = fan_in or max(1, tensor.numel() // tensor.shape[0])
        values = values * math.sqrt(2 / fan_in)
    source = torch.from_numpy(values).to(tensor.dtype)
    if transposed:
        tensor.copy_(_tile(source, tensor.numel()).reshape(tensor.shape[1], -1).t())
    elif tensor.is_contiguous():
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
    """Reduce a tensor to its L2 norm and its product with the seed's numbers."""
    values = torch.from_numpy(pattern(seed, index, "projection", tensor.numel()))
    flat = tensor.detach().double().cpu().reshape(-1)
    return flat.norm().item(), torch.dot(flat, _tile(values, flat.numel())).item()


def _tile(source: Tensor, count: int) -> Tensor:
    return source.repeat(-(-count // max(len(source), 1)))[:count]
