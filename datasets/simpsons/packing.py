"""Pack the competition's data small enough to share with a class, in the same layout."""

import hashlib
import io
import os
import shutil
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from simpsons import duplicates
from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.files import write_table
from simpsons.pictures import squeeze
from simpsons.source import READABLE, Picture, Source, open_picture

LIMIT = 100_000_000  # bytes; git hosts and many learning platforms refuse more
QUALITY = 75
COMPARED = 64  # pixels of the pictures in which near-duplicates are looked for
ENTRY = 160  # bytes that a zip needs for a file beside the file itself, about
TABLES = 620  # bytes of a JPEG that do not depend on its size
LICENSE = """The Simpsons Characters Data
============================

The pictures in this archive come from The Simpsons Characters Data, as offered in the Kaggle
competition journey-springfield. The data is published under
Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International (CC BY-NC-SA 4.0):
https://creativecommons.org/licenses/by-nc-sa/4.0/

The pictures belong to their owners.

Changes made: training pictures were downscaled to a shorter side of {side} pixels at most and
saved as JPEG{held}. Test pictures are unchanged.

You may share this archive with your class under the same licence, with this notice, for
non-commercial use.
"""
T = TypeVar("T")


@dataclass(frozen=True)
class Packed:
    """What was written: pictures of each kind, bytes of the zip, and what was wrong."""

    train: int
    test: int
    held: int
    size: int
    problems: list[str]


def pack(
    path: Path,
    out: Path,
    side: int = 96,
    hold_out: float = 0.0,
    held_out: Path | None = None,
) -> Packed:
    """Write class.zip and, where a share is held out, a folder of pictures and its truth.

    Held out are whole groups of near-duplicates, so that no training picture in class.zip
    shows what a held-out picture shows. The truth lies beside the folder, not in it: the
    folder can be handed out.

    Raises:
        DataError: the source cannot be used, the result would be too large, or something
            cannot be written; nothing is written then.
    """
    if not 32 <= side <= 512:
        raise DataError(f"--side {side}: choose 32 to 512 pixels")
    if (hold_out > 0) != (held_out is not None):
        raise DataError("--hold-out SHARE and --held-out DIR belong together; give both or none")
    if not 0 <= hold_out <= 0.5:
        raise DataError(f"--hold-out {hold_out}: choose a share from 0 to 0.5")
    out, held_out = out.absolute(), held_out.absolute() if held_out else None
    if out.is_dir():
        raise DataError(f"{out}: is a folder; give the name of a file with --out")
    if held_out and (held_out.is_file() or (held_out.is_dir() and any(held_out.iterdir()))):
        raise DataError(f"{held_out}: is not an empty folder; name a new one with --held-out")
    source = Source(path)
    names = _held_out(source, hold_out) if held_out else {}
    mark = f"{uuid.uuid4().hex[:8]}.part"
    part = out.with_name(f".{out.name}.{mark}")
    folder = held_out.with_name(f".{held_out.name}.{mark}") if held_out else None
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if folder:
            folder.mkdir(parents=True)
        packed = _write(source, part, side, names, folder)
        if held_out and folder:
            if held_out.exists():
                held_out.rmdir()
            truth = held_out.with_name(f"{held_out.name}.csv")
            labels = {name: picture.label for picture, name in names.items()}
            rows = sorted(labels.items(), key=lambda row: int(row[0][4:-4]))
            write_table(truth, ["Id", "Expected"], rows)
            folder.rename(held_out)
        part.replace(out)
    except OSError as error:
        raise DataError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    return packed


def _held_out(source: Source, share: float) -> dict[Picture, str]:
    """Pictures to hold out, with new names in an order that says nothing of their classes."""
    images: list[duplicates.Array] = []
    kept: list[Picture] = []
    read = _each(source.train, lambda p: squeeze(source.read(p), COMPARED)[0], "comparing")
    for picture, image in read:
        if not isinstance(image, Exception):
            images.append(image)
            kept.append(picture)
    if not images:
        raise DataError(f"{source.path}: every training picture is unreadable")
    pairs = duplicates.alike(duplicates.prints(np.stack(images)))
    group = duplicates.groups(len(kept), pairs)
    labels, names = [p.label for p in kept], [p.name for p in kept]
    chosen = duplicates.split(labels, names, group, share)
    held = [picture for picture, out in zip(kept, chosen, strict=True) if out]
    held.sort(key=lambda picture: hashlib.sha256(picture.name.encode()).hexdigest())
    return {picture: f"held{number}.jpg" for number, picture in enumerate(held)}


def _write(
    source: Source, part: Path, side: int, names: dict[Picture, str], folder: Path | None
) -> Packed:
    """Write the zip, and held-out pictures into their folder."""
    problems: list[str] = []
    train: Counter[str] = Counter()
    with part.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        held = f"; {len(names)} of them were left out of this archive" if names else ""
        _add(archive, "LICENSE.txt", LICENSE.format(side=side, held=held).encode())
        sample = "".join(f"{picture.name},bart_simpson\n" for picture in source.test)
        _add(archive, "sample_submission.csv", f"Id,Expected\n{sample}".encode())
        for picture in source.test:
            try:
                content = source.read(picture)
            except READABLE as error:
                raise DataError(
                    f"{source.path}: {picture.path} is unreadable ({error}); every test picture "
                    "is needed as it is: download the data again"
                ) from None
            _add(archive, f"testset/testset/{picture.name}", content)
        fixed = used = file.tell() + ENTRY * len(source.test)
        smaller = _each(source.train, lambda p: _small(source.read(p), side), "packing")
        for picture, found in smaller:
            if isinstance(found, Exception):
                problems.append(f"{picture.path}: unreadable ({found}), left out")
                continue
            content, note = found
            if note:
                problems.append(f"{picture.path}: {note}, converted")
            if folder and picture in names:
                (folder / names[picture]).write_bytes(content)
                continue
            train[picture.label] += 1
            used += len(content) + ENTRY
            if used <= LIMIT:  # beyond it only the size is of use
                # Names stay, also of what was no JPEG: Ids agree with the full data.
                _add(archive, f"train/simpsons_dataset/{picture.name}", content)
    size = part.stat().st_size
    if max(used, size) > LIMIT:
        raise _too_large(side, fixed, used - fixed, len(source.train))
    gone = sorted(set(CLASSES) - set(train))
    if gone:
        raise DataError(
            f"{source.path}: no picture of {', '.join(gone)} would be left to train on; they are "
            "unreadable, or choose a smaller --hold-out"
        )
    return Packed(sum(train.values()), len(source.test), len(names), size, problems)


def _each(
    pictures: list[Picture], work: Callable[[Picture], T], what: str
) -> Iterator[tuple[Picture, T | Exception]]:
    """Work on pictures in threads and give the results in order, or why one is unreadable."""
    from rich.progress import track

    def one(picture: Picture) -> T | Exception:
        try:
            return work(picture)
        except READABLE as error:
            return error

    pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2))
    try:
        found = zip(pictures, pool.map(one, pictures), strict=True)
        yield from track(found, what, total=len(pictures))
    finally:
        pool.shutdown(cancel_futures=True)


def _small(content: bytes, side: int) -> tuple[bytes, str]:
    """The picture as JPEG with that shorter side, or its own bytes if it is no larger."""
    picture, note = open_picture(content)
    shorter = min(picture.size)
    if shorter <= side:
        return content, ""
    size = (round(picture.width * side / shorter), round(picture.height * side / shorter))
    small = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY, comment=b"")
    return file.getvalue(), note


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file so that equal pictures make equal archives, on every day and system."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_STORED)


def _too_large(side: int, fixed: int, train: int, count: int) -> DataError:
    """The error, with a side that should do."""
    constant = count * (ENTRY + TABLES)
    room = max(0, LIMIT - fixed - constant) / max(1, train - constant)
    # Small JPEGs grow less than their area does: 1.5 instead of 2 errs on the safe side.
    fitting = min(int(side * 0.97 * room ** (1 / 1.5)), side - 1)
    remedy = f"try --side {fitting}" if fitting >= 32 else "no useful --side is small enough"
    size = (fixed + train) / 1e6
    return DataError(
        f"the zip would have about {size:.0f} MB, {LIMIT / 1e6:.0f} MB are allowed; {remedy}"
    )
