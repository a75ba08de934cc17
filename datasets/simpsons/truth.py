"""The teacher's truth: the competition's test pictures found among publicly labelled ones.

Kaggle's ``kaggle_simpson_testset`` holds the same files, byte for byte, under names that tell
the class: ``homer_simpson_0.jpg``.
"""

import csv
import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.junk import is_junk
from simpsons.source import ENDINGS, MAX_BYTES, READABLE, Source
from simpsons.tables import Rows, decoded

LABELLED = "kaggle_simpson_testset"


@dataclass(frozen=True)
class Truth:
    """Class by Id, in the order of the test part; the Ids that have none, and why."""

    labels: dict[str, str]
    missing: list[str]  # no labelled picture has these bytes
    ambiguous: dict[str, list[str]]  # labelled pictures of several classes have them


def find_truth(testset: Path, competition: Path) -> Truth:
    """Match test pictures with labelled ones by the bytes of their files.

    Raises:
        DataError: one of both cannot be used, or nothing matches.
    """
    known = _labelled(testset)
    source = Source(competition)
    labels: dict[str, str] = {}
    missing: list[str] = []
    ambiguous: dict[str, list[str]] = {}
    for picture in source.test:
        try:
            found = sorted(known.get(_digest(source.read(picture)), ()))
        except READABLE:
            found = []
        if not found:
            missing.append(picture.name)
        elif len(found) > 1:
            # Bytes under two labels say nothing; a guess would make every score doubtful.
            ambiguous[picture.name] = found
        else:
            labels[picture.name] = found[0]
    if not labels:
        raise DataError(
            f"{testset}: none of the {len(source.test)} test pictures of {competition} is in it; "
            f"give the folder {LABELLED} as Kaggle offers it, with unchanged files"
        )
    return Truth(labels, missing, ambiguous)


def sample(ids: Iterable[str], share: float, seed: int) -> list[str]:
    """A share of the Ids in their order; drawn by hash, so the same on every machine."""
    if not 0 < share <= 1:
        raise DataError(f"--public {share}: choose a share above 0, up to 1")
    ids = list(ids)
    ranked = sorted(ids, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    chosen = set(ranked[: round(share * len(ids))])
    return [name for name in ids if name in chosen]


def read_public(path: Path, ids: Iterable[str]) -> list[str]:
    """The column Id of a given list.

    Raises:
        DataError: there is no such column, or Ids stand twice or have no truth.
    """
    try:
        rows = list(Rows(decoded(path.read_bytes())))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    head = [cell.strip() for cell in rows[0]] if rows else []
    if "Id" not in head:
        raise DataError(f"{path}: it has no column Id; its first line must name it")
    column = head.index("Id")
    found = [row[column].strip() for row in rows[1:] if len(row) > column]
    if not found:
        raise DataError(f"{path}: there is no Id in it")
    twice = [name for name, count in Counter(found).items() if count > 1]
    unknown = sorted(set(found) - set(ids))
    for names, what in ((twice, "stands twice"), (unknown, "has no truth")):
        if names:
            more = f", and {len(names) - 1} more" if len(names) > 1 else ""
            raise DataError(f"{path}: {names[0]!r} {what}{more}")
    return found


def _labelled(path: Path) -> dict[str, set[str]]:
    """Classes by the digest of a file."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder; give {LABELLED}")
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return _classes(path, {f.relative_to(path).as_posix(): _file_reader(f) for f in files})
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {i.filename: _entry_reader(archive, i) for i in archive.infolist()}
            return _classes(path, entries)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable zip ({error}); download it again") from None


def _classes(path: Path, files: dict[str, Callable[[], bytes]]) -> dict[str, set[str]]:
    places = [PurePosixPath(name.replace("\\", "/")) for name in files]
    pictures = {
        place: read
        for place, read in zip(places, files.values(), strict=True)
        if place.suffix.lower() in ENDINGS and not is_junk(place.parts)
    }
    # The archive of the whole data set holds the training pictures beside it.
    inside = {place: read for place, read in pictures.items() if LABELLED in place.parts}
    known: dict[str, set[str]] = {}
    unknown: list[str] = []
    for place, read in (inside or pictures).items():
        named = re.fullmatch(r"(.+)_\d+", place.stem)
        if named is None or named.group(1) not in CLASSES:
            unknown.append(place.name)
            continue
        try:
            known.setdefault(_digest(read()), set()).add(named.group(1))
        except READABLE as error:
            raise DataError(f"{path}: {place} is unreadable ({error}); download it") from None
    if unknown:
        raise DataError(
            f"{path}: {unknown[0]!r} is not named <class>_<number>.jpg with one of the 42 classes"
            f"{f', nor are {len(unknown) - 1} more' if len(unknown) > 1 else ''}; give the folder "
            f"{LABELLED}"
        )
    if not known:
        raise DataError(f"{path}: no picture in it; give the folder {LABELLED}")
    return known


def _file_reader(file: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        if file.stat().st_size > MAX_BYTES:
            raise ValueError("too large for a picture")
        return file.read_bytes()

    return read


def _entry_reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        if entry.file_size > MAX_BYTES:
            raise ValueError("too large for a picture")
        return archive.read(entry)

    return read


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
