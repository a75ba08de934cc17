"""What students handed in, out of an archive or a folder: known files only, nothing else is kept.

Moodle packs a folder for each student, NAME_NUMBER_assignsubmission_file_; what is in it may be
an archive again. Names may be UTF-8 or, from Russian Windows, cp866.
"""

import os
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from simpsons.junk import is_junk

from autograder.course.tasks import all_tasks
from autograder.errors import UsageError
from autograder.submission.chosen import TOLD, misnamed, nearness, place_of

MAX_ENTRIES = 20_000  # of one archive
NAMED = 10  # of a student's files that nothing takes
MAX_DEPTH = 3  # archives in archives
MAX_STUDENT = 1 << 30  # bytes kept of one student
MAX_INNER = 1 << 30  # bytes of all archives in a student's archive
CHUNK = 1 << 20
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?"
)
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass
class Handed:
    """What one student handed in. folder: where it lies now, as a submission.

    entry: the name of the folder it came in, which Moodle wants back with the feedback.
    number: Moodle's participant number. problems: what was not taken, and why.
    """

    entry: str
    name: str
    number: str
    folder: Path
    submitted: datetime | None = None
    files: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: Where in the archive each of the files lay.
    sources: dict[str, PurePosixPath] = field(default_factory=dict)
    bytes: int = 0
    left: int = 0
    unpacked: int = 0
    seen: int = 0


@dataclass(frozen=True)
class Entry:
    """A file in an archive or a folder. refused: why it must not be read."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]
    moment: datetime | None = None
    refused: str = ""


def collect(source: Path, into: Path, zone: tzinfo) -> tuple[list[Handed], list[str]]:
    """Lay out everybody's files below a folder; and what belongs to nobody.

    Raises:
        UsageError: the source cannot be read, or holds nothing that a student handed in.
    """
    found: dict[str, Handed] = {}
    stray: list[str] = []
    into.mkdir(parents=True, exist_ok=True)
    for entry in _entries(source, zone):
        if is_junk(entry.path.parts[:1]):
            continue
        if len(entry.path.parts) < 2 and not MOODLE.fullmatch(entry.path.name):
            stray.append(f"{entry.path}: {entry.refused or 'lies in no folder of a student'}")
            continue
        top = entry.path.parts[0]
        composed = unicodedata.normalize("NFC", top)
        match = MOODLE.fullmatch(composed)
        name, number = (match["name"], match["id"]) if match else (composed, "")
        key = number or composed
        if key not in found:
            found[key] = Handed(top, name, number, into / _harmless(key))
            shutil.rmtree(found[key].folder, ignore_errors=True)
            for task in all_tasks():
                (found[key].folder / task.folder).mkdir(parents=True)
        if match and match["kind"] != "file":
            found[key].problems.append(f"{entry.path}: text typed into Moodle is not graded")
            continue
        inside = PurePosixPath(*entry.path.parts[1:]) if len(entry.path.parts) > 1 else None
        inside = inside or PurePosixPath(match["file"] if match and match["file"] else top)
        _take(found[key], Entry(inside, entry.size, entry.open, entry.moment, entry.refused), 0)
    for one in found.values():
        one.problems += misnamed(one.sources)
    if not found:
        raise UsageError(
            f"{source}: nothing that a student handed in; give Moodle's 'Download all "
            "submissions', or a folder that holds a folder for each student"
        )
    return list(found.values()), stray


def _harmless(name: str) -> str:
    """A folder's name out of what a stranger wrote."""
    kept = "".join(c if c.isalnum() or c in "._-@" else "_" for c in name).strip("._")
    return kept[:80] or "nameless"


def _entries(source: Path, zone: tzinfo) -> Iterator[Entry]:
    if source.is_dir():
        yield from _walk(source, zone)
        return
    try:
        with source.open("rb") as file:
            yield from unzip(file, zone)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise UsageError(f"{source}: cannot be read as a zip archive ({error})") from None


def _walk(folder: Path, zone: tzinfo) -> Iterator[Entry]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files + [f for f in folders if (Path(root) / f).is_symlink()]):
            path = Path(root) / name
            status = path.lstat()
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            refused = "" if stat.S_ISREG(status.st_mode) else "a link or no plain file"
            moment = datetime.fromtimestamp(status.st_mtime, zone)
            yield Entry(inside, status.st_size, partial(_open, path), moment, refused)


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def unzip(file: IO[bytes], zone: tzinfo) -> Iterator[Entry]:
    """The files of an archive, their names as they were meant.

    Raises:
        ValueError: it has too many entries.
    """
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_ENTRIES:
            raise ValueError(f"{len(infos)} entries; at most {MAX_ENTRIES}")
        for info in infos:
            if info.is_dir():
                continue
            name = true_name(info)
            path = PurePosixPath(name.replace("\\", "/"))
            refused = _refusal(info, name, path)
            if refused:
                path = PurePosixPath(
                    *[p for p in path.parts if p not in ("..", "/", "//")] or ["?"]
                )
            try:
                moment = datetime(*info.date_time, tzinfo=zone)
            except ValueError:
                moment = None
            yield Entry(path, info.file_size, partial(archive.open, info), moment, refused)


def _refusal(info: zipfile.ZipInfo, name: str, path: PurePosixPath) -> str:
    mode = info.external_attr >> 16
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return "its path leads out of the archive"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link or no plain file"
    return "it is encrypted" if info.flag_bits & 0x1 else ""


def true_name(info: zipfile.ZipInfo) -> str:
    """An entry's name: UTF-8 where it says or looks so, else cp866, as Russian Windows writes."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp866", "replace")


def _take(handed: Handed, entry: Entry, depth: int) -> None:
    """Keep a file if a submission may have it; look into an archive."""
    handed.seen += 1
    if handed.seen > MAX_ENTRIES:
        if handed.seen == MAX_ENTRIES + 1:
            handed.problems.append(f"more than {MAX_ENTRIES} files; the others are not read")
        return
    if entry.refused:
        handed.problems.append(f"{entry.path}: {entry.refused}")
        return
    suffix = entry.path.suffix.lower()
    if suffix == ".zip":
        _take_archive(handed, entry, depth)
        return
    if suffix in OTHER_ARCHIVES:
        handed.problems.append(f"{entry.path}: only zip archives are opened; ask for a zip")
        return
    target = place_of(entry.path)
    if target is None:
        _leave(handed, entry.path)
        return
    path = handed.folder / target[0]
    before = handed.sources.get(target[0])
    if before is None and path.exists():  # but for the case of its letters
        handed.problems.append(f"{entry.path}: {target[0]} is there already")
        return
    if before is not None:
        near, far = sorted((before, entry.path), key=lambda p: nearness(p, target[0]))
        handed.problems.append(f"{far}: {target[0]} is there twice; {near} counts")
        if near == before:
            return
        handed.bytes -= path.stat().st_size
        handed.files.remove(target[0])
        path.unlink()
    limit = min(target[1], MAX_STUDENT - handed.bytes)
    size = _copy(entry, path, limit)
    if size > limit:
        path.unlink()
        handed.problems.append(f"{entry.path}: larger than {limit} bytes")
        return
    handed.bytes += size
    handed.files.append(target[0])
    handed.sources[target[0]] = entry.path
    if entry.moment and (handed.submitted is None or entry.moment > handed.submitted):
        handed.submitted = entry.moment


def _leave(handed: Handed, path: PurePosixPath) -> None:
    """Tell of a file that nothing takes, if a person wrote it."""
    if path.suffix.lower() not in TOLD or is_junk(path.parts):
        return
    handed.left += 1
    if handed.left <= NAMED:
        handed.problems.append(f"{path}: no task takes it")
    elif handed.left == NAMED + 1:
        handed.problems.append("and more files that no task takes")


def _copy(entry: Entry, path: Path, limit: int) -> int:
    """Copy at most a byte more than the limit: what an archive says of sizes is not believed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left = limit + 1
    with entry.open() as source, path.open("wb") as target:
        while left > 0 and (chunk := source.read(min(left, CHUNK))):
            target.write(chunk)
            left -= len(chunk)
    return limit + 1 - left


def _take_archive(handed: Handed, entry: Entry, depth: int) -> None:
    if depth >= MAX_DEPTH:
        handed.problems.append(f"{entry.path}: an archive {MAX_DEPTH} archives deep")
        return
    limit = MAX_INNER - handed.unpacked
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "inner.zip"
        try:
            size = _copy(entry, path, limit)
            handed.unpacked += size
            if size > limit:
                raise ValueError("its archives are too large")
            with path.open("rb") as file:
                zone = entry.moment.tzinfo if entry.moment and entry.moment.tzinfo else None
                for inner in unzip(file, zone or datetime.now().astimezone().tzinfo):  # type: ignore[arg-type]
                    _take(handed, inner, depth + 1)
        except (OSError, zipfile.BadZipFile, ValueError, RuntimeError, EOFError) as error:
            handed.problems.append(f"{entry.path}: cannot be read ({error})")


def named(handed: Sequence[Handed]) -> str:
    """The problems of everybody, a line each."""
    return "\n".join(f"{one.name}: {problem}" for one in handed for problem in one.problems)
