"""Near-duplicates: a perceptual hash, and groups of pictures that must not be torn apart.

Frames cut from one scene look almost the same. A network that saw one of them has seen the
others: a validation picture whose twin is trained on measures memory. The hash is pHash
(Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", section
3.2.1): the signs of the 8x8 lowest frequencies of a 32x32 grey picture against their median.
Candidates within MAX_BITS are compared as 16x16 colour pictures as well, since two dark or two
flat pictures can share a hash.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BITS = 8
MAX_DISTANCE = 24.0  # root mean square of colour values 0..255
EXACT = 5.0  # below this two pictures are copies of one frame at another size
BLOCK = 1024
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Prints:
    """What is compared of N pictures: hash signs (N, 64) and colours (N, 768), float32."""

    signs: Array
    colours: Array

    def __len__(self) -> int:
        return len(self.signs)


@dataclass(frozen=True)
class Pairs:
    """Pairs that look alike: index in the first set, in the second, and colour distance."""

    first: Array
    second: Array
    distance: Array


def prints(images: Array) -> Prints:
    """Prints of uint8 images (N, S, S, 3), S at least 32."""
    from scipy.fft import dctn

    signs, colours = [], []
    for start in range(0, len(images), BLOCK):
        block = np.asarray(images[start : start + BLOCK], np.float32)
        grey = pooled(block, 32) @ np.array([0.299, 0.587, 0.114], np.float32)
        low = dctn(grey, axes=(1, 2))[:, :8, :8].reshape(len(block), 64)
        median = np.median(low[:, 1:], axis=1, keepdims=True)  # the first is the brightness
        signs.append(np.where(low > median, 1, -1).astype(np.float32))
        colours.append(pooled(block, 16).reshape(len(block), -1))
    return Prints(np.concatenate(signs), np.concatenate(colours))


def pooled(images: Array, size: int) -> Array:
    """Float images (N, S, S, 3) averaged over areas to (N, size, size, 3)."""
    edges = np.linspace(0, images.shape[1], size + 1).astype(int)[:-1]
    counts = np.diff(np.append(edges, images.shape[1])).astype(images.dtype)
    rows = np.add.reduceat(images, edges, axis=1) / counts[None, :, None, None]
    pooled: Array = np.add.reduceat(rows, edges, axis=2) / counts[None, None, :, None]
    return pooled


def alike(first: Prints, second: Prints | None = None) -> Pairs:
    """Pairs within the limits; of one set with itself each pair once, never with itself."""
    other = first if second is None else second
    squares = np.square(other.colours).sum(1)
    found: list[tuple[Array, Array, Array]] = []
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        bits = (64 - first.signs[rows] @ other.signs.T) / 2
        i, j = np.nonzero(bits <= MAX_BITS)
        if second is None:
            i, j = i[i + start < j], j[i + start < j]
        i = i + start
        mixed = np.einsum("nd,nd->n", first.colours[i], other.colours[j])
        square = np.square(first.colours[i]).sum(1) + squares[j] - 2 * mixed
        distance = np.sqrt(np.maximum(square, 0) / first.colours.shape[1])
        near = distance <= MAX_DISTANCE
        found.append((i[near], j[near], distance[near]))
    return Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def groups(count: int, pairs: Pairs) -> Array:
    """A number for each picture; equal for pictures that a chain of pairs connects."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs.first), bool)
    graph = coo_matrix((ones, (pairs.first, pairs.second)), shape=(count, count))
    numbers: Array = connected_components(graph, directed=False)[1]
    return numbers


def split(labels: list[str], names: list[str], group: Array, share: float, seed: int = 0) -> Array:
    """True for pictures held out for validation: whole groups, about share of every class.

    A group belongs to its most frequent class. A class of a single group stays in training
    whole: nothing could be learned of it otherwise. Depends on names, not on their order.
    """
    import hashlib

    members: dict[int, list[int]] = {}
    for index, number in enumerate(group):
        members.setdefault(int(number), []).append(index)
    by_class: dict[str, list[tuple[str, list[int]]]] = {}
    for indices in members.values():
        counts = dict.fromkeys(sorted(labels[i] for i in indices), 0)
        for i in indices:
            counts[labels[i]] += 1
        label = max(counts, key=lambda name: counts[name])
        first = min(names[i] for i in indices)
        rank = hashlib.sha256(f"{seed}/{first}".encode()).hexdigest()
        by_class.setdefault(label, []).append((rank, indices))
    held = np.zeros(len(labels), bool)
    for found in by_class.values():
        total, taken = sum(len(indices) for _, indices in found), 0
        for _, indices in sorted(found)[:-1]:  # at least one group is left to learn from
            if taken and taken + len(indices) / 2 > share * total:
                break
            held[indices] = True
            taken += len(indices)
    return held
