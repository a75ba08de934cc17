"""Decode the competition's pictures once, into arrays that training maps from disk.

The prepared folder holds::

    train.npy, test.npy   uint8 (N, size, size, 3), memory-mapped when read
    train.csv             Id,Expected,group,part     part: train or validation
    test.csv              Id                         what a test picture copies is not told
    prepared.json         size, classes, fingerprint of the source, problems

Every picture is squeezed to a square: nothing is cut off, and training and test agree.
"""

import csv
import errno
import json
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simpsons import duplicates
from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.pictures import GREY, squeeze
from simpsons.source import READABLE, Picture, Source

FORMAT = 1
VALIDATION = 0.1
Array = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Prepared:
    """What prepare found; fresh is False if everything had been there already."""

    folder: Path
    train: int
    test: int
    problems: list[str]
    fresh: bool


def prepare(path: Path, out: Path, size: int = 64, force: bool = False) -> Prepared:
    """Prepare the competition's zip, or its unpacked folder, at size x size pixels.

    Raises:
        DataError: the source cannot be used, out holds something else, or the disk is full;
            out is then as it was.
    """
    if not 32 <= size <= 512:
        raise DataError(f"--size {size}: choose 32 to 512 pixels")
    source = Source(path)
    out = out.absolute()  # "." has no name to put a part beside
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: is a file; give the name of a folder with --out")
    done = _state(out)
    wanted = {"format": FORMAT, "size": size, "fingerprint": source.fingerprint}
    if not force and done is not None and {key: done.get(key) for key in wanted} == wanted:
        return Prepared(out, done["train"], done["test"], done["problems"], fresh=False)
    if out.exists() and (done is None or not force) and any(out.iterdir()):
        what = "other prepared data" if done is not None else "files that prepare did not write"
        more = " or add --force to replace it" if done is not None else ""
        raise DataError(f"{out}: holds {what}; choose another folder with --out{more}")
    part = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.mkdir(parents=True)
        found = _write(source, part, size, wanted)
        if out.exists():
            old = part.with_suffix(".old")
            out.rename(old)
            part.rename(out)
            shutil.rmtree(old)
        else:
            part.rename(out)
    except OSError as error:
        raise DataError(
            f"{out}: cannot be written: {error.strerror or error}; choose another folder "
            "with --out, or make room there"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Prepared(out, found["train"], found["test"], found["problems"], fresh=True)


def _state(out: Path) -> dict[str, Any] | None:
    try:
        state = json.loads((out / "prepared.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def _write(source: Source, folder: Path, size: int, wanted: dict[str, Any]) -> dict[str, Any]:
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    problems: list[str] = []
    with Progress(
        *Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn()
    ) as bar:
        task = bar.add_task("decoding", total=len(source.train) + len(source.test))

        def step() -> None:
            bar.advance(task)

        train, kept = _decode(source, source.train, size, problems, step)
        test, _ = _decode(source, source.test, size, problems, step)
    gone = sorted(set(CLASSES) - {picture.label for picture in kept})
    if gone:
        raise DataError(f"{source.path}: every picture of {', '.join(gone)} is unreadable")
    _save(folder / "train.npy", train)
    _save(folder / "test.npy", test)
    _tables(folder, kept, source.test, train)
    state = wanted | {
        "classes": list(CLASSES),
        "train": len(train),
        "test": len(test),
        "problems": problems,
    }
    text = json.dumps(state, indent=1)
    (folder / "prepared.json").write_text(text, encoding="utf-8")
    return state


def _save(path: Path, images: Array) -> None:
    try:
        np.save(path, images)
    except OSError as error:
        if error.errno is None:  # NumPy does not say why it wrote less than it should
            need = f"{images.nbytes / 1e6:.1f} MB are needed"
            raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}; {need}") from None
        raise


def _decode(
    source: Source, pictures: list[Picture], size: int, problems: list[str], step: Any
) -> tuple[Array, list[Picture]]:
    """Images of the pictures that can be read; an unreadable one of the test part is grey."""
    images: Array = np.full((len(pictures), size, size, 3), GREY, np.uint8)
    notes = [""] * len(pictures)
    readable = np.ones(len(pictures), bool)

    def one(index: int) -> None:
        try:
            images[index], notes[index] = squeeze(source.read(pictures[index]), size)
        except READABLE as error:
            notes[index] = f"unreadable ({error})"
            readable[index] = False
        step()

    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        list(pool.map(one, range(len(pictures))))
    for picture, note, good in zip(pictures, notes, readable, strict=True):
        if note:
            what = "converted" if good else "left out" if picture.label else "kept as grey"
            problems.append(f"{picture.path}: {note}, {what}")
    if not pictures[0].label:
        return images, pictures
    kept = [picture for picture, good in zip(pictures, readable, strict=True) if good]
    return images[readable], kept


def _tables(folder: Path, kept: list[Picture], test: list[Picture], images: Array) -> None:
    """Groups of near-duplicates, and the split that respects them."""
    group = duplicates.groups(len(kept), duplicates.alike(duplicates.prints(images)))
    labels, names = [p.label for p in kept], [p.name for p in kept]
    held = duplicates.split(labels, names, group, VALIDATION)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Id", "Expected", "group", "part"])
        for picture, number, out in zip(kept, group, held, strict=True):
            part = "validation" if out else "train"
            writer.writerow([picture.name, picture.label, number, part])
    with (folder / "test.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Id"])
        writer.writerows([picture.name] for picture in test)
