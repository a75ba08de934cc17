"""Read the competition's files, from its zip or from an unpacked folder, without trusting either.

Layout (what may stand before it is ignored)::

    sample_submission.csv
    train/simpsons_dataset/<class>/pic_0000.jpg
    testset/testset/img0.jpg
"""

import difflib
import hashlib
import io
import os
import re
import stat
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from simpsons.classes import CLASSES
from simpsons.errors import DataError
from simpsons.junk import is_junk

ENDINGS = {".jpg", ".jpeg", ".png"}
MAX_BYTES = 32 << 20  # of one picture
MAX_PIXELS = 50_000_000
READABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,  # an encrypted file in a zip, an unknown compression
    zipfile.BadZipFile,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Picture:
    """One file: its path inside, its Id ("img7.jpg" or "bart_simpson/pic_0000.jpg"), its class.

    A picture of the test part has the class "".
    """

    path: str
    name: str
    label: str


class Source:
    """The pictures of a zip or a folder in the competition's layout, checked as a whole.

    train is ordered by class and name, test by number. Several threads may read at once.

    Raises:
        DataError: not there, damaged, paths that lead out of it, unknown or empty class
            folders, or no test part.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        if not path.exists():
            raise DataError(f"{path}: there is no such file; give the competition's zip")
        self.is_zip = path.is_file()
        sizes = self._zip_sizes() if self.is_zip else self._folder_sizes()
        self.fingerprint = hashlib.sha256(repr(sorted(sizes.items())).encode()).hexdigest()
        train, test = [], []
        classes: Counter[str] = Counter()
        for name in sizes:
            place = PurePosixPath(name)
            folders = place.parts[:-1]
            if is_junk(folders):
                continue
            is_picture = place.suffix.lower() in ENDINGS and not is_junk([place.name])
            if "testset" in folders and is_picture:
                test.append(Picture(name, place.name, ""))
            elif "simpsons_dataset" in folders and folders[-1] != "simpsons_dataset":
                label = folders[-1]
                classes[label] += 0
                if is_picture:
                    train.append(Picture(name, f"{label}/{place.name}", label))
                    classes[label] += 1
        self._check(classes, test)
        self.train = sorted(train, key=lambda picture: picture.name)
        self.test = sorted(test, key=lambda picture: (_number(picture.name), picture.name))
        self._check_names()

    def _check(self, classes: Counter[str], test: list[Picture]) -> None:
        if not classes:
            raise DataError(
                f"{self.path}: no folder train/simpsons_dataset/<class> in it; give the zip as "
                "the competition journey-springfield offers it"
            )
        unknown = sorted(set(classes) - set(CLASSES))
        if unknown:
            near = difflib.get_close_matches(unknown[0], CLASSES, n=1)
            meant = f" (is it {near[0]}?)" if near else ""
            raise DataError(
                f"{self.path}: unknown class folder {', '.join(map(repr, unknown[:5]))}{meant}; "
                "rename or remove it: the competition has 42 classes"
            )
        empty = sorted(name for name in CLASSES if not classes[name])
        if empty:
            raise DataError(
                f"{self.path}: no picture of {', '.join(empty[:5])}"
                f"{' and others' if len(empty) > 5 else ''}; unpack or download it again"
            )
        if not test:
            raise DataError(
                f"{self.path}: the folder testset/testset is missing or empty; there is nothing "
                "to predict without it: download the zip again"
            )

    def _check_names(self) -> None:
        for pictures in (self.train, self.test):
            twice = [n for n, k in Counter(p.name for p in pictures).items() if k > 1]
            if twice:
                raise DataError(f"{self.path}: {twice[0]} is there twice; keep one of them")

    def _zip_sizes(self) -> dict[str, tuple[int, int]]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise DataError(
                f"{self.path}: not a readable zip ({error}); the download may have been cut "
                "off: compare its size and download it again"
            ) from None
        found = {}
        for entry in entries:
            name = entry.filename.replace("\\", "/")
            if name.startswith("/") or ":" in name or ".." in name.split("/"):
                raise DataError(f"{self.path}: {entry.filename!r} leads out of the zip; refused")
            if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                found[entry.filename] = (entry.file_size, entry.CRC)
            elif entry.is_dir() and "simpsons_dataset/" in name.rstrip("/"):
                found[f"{name}.folder"] = (0, 0)  # an empty class must be seen
        return found

    def _folder_sizes(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder, folders, files in os.walk(self.path):
            inside = Path(folder).relative_to(self.path)
            if "simpsons_dataset" in inside.parts:
                found[(inside / ".folder").as_posix()] = (0, 0)
            for name in files:
                status = os.lstat(Path(folder) / name)
                if stat.S_ISREG(status.st_mode):
                    place = (inside / name).as_posix()
                    found[place] = (status.st_size, status.st_mtime_ns)
            folders.sort()
        return found

    def read(self, picture: Picture) -> bytes:
        """The bytes of a picture.

        Raises:
            OSError, ValueError, zipfile.BadZipFile, zlib.error: it cannot be read.
        """
        if not self.is_zip:
            place = self.path / picture.path
            if place.stat().st_size > MAX_BYTES:
                raise ValueError(f"{place.stat().st_size} bytes are too many for a picture")
            return place.read_bytes()
        archive: zipfile.ZipFile | None = getattr(self._local, "archive", None)
        if archive is None:
            archive = self._local.archive = zipfile.ZipFile(self.path)
        if archive.getinfo(picture.path).file_size > MAX_BYTES:
            raise ValueError("too large for a picture")
        return archive.read(picture.path)

    def __iter__(self) -> Iterator[Picture]:
        yield from self.train
        yield from self.test


def open_picture(content: bytes, formats: tuple[str, ...] | None = None) -> tuple[Image.Image, str]:
    """Decode a picture to RGB; the text says what it was, if not an ordinary RGB picture.

    formats: those of pillow that are tried; all of them if not given.

    Raises:
        OSError, ValueError, SyntaxError, EOFError: it cannot be decoded whole.
    """
    picture = Image.open(io.BytesIO(content), formats=formats)
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError(f"{picture.width}x{picture.height} is too large")
    picture.load()
    if picture.mode == "RGB":
        return picture, ""
    mode = f"{picture.format} in mode {picture.mode}"
    if picture.mode.startswith("I"):  # 16 bits of grey; converting would cut them off at 255
        grey = (np.asarray(picture).astype(np.int64) >> 8).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB"), mode
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB"), mode
    return picture.convert("RGB"), mode


def _number(name: str) -> int:
    found = re.search(r"\d+", name)
    return int(found.group()) if found else -1
