"""Read pictures as the network sees them, and write the competition's file."""

import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from simpsons.errors import DataError
from simpsons.files import write_table
from simpsons.junk import is_junk
from simpsons.source import ENDINGS, READABLE, Source, open_picture

GREY = 128  # what an unreadable picture of the test part becomes


def squeeze(content: bytes, size: int) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], str]:
    """Decode a picture to uint8 (size, size, 3); nothing is cut off. The text is open_picture's.

    Raises:
        OSError, ValueError, SyntaxError, EOFError: it cannot be decoded whole.
    """
    picture, note = open_picture(content)
    small = picture.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(small), note


def read_all(path: Path, size: int) -> tuple[list[str], Tensor]:
    """Ids and uint8 images (N, 3, size, size) of a folder of pictures, or of a zip's test part.

    Ordered by number: img0, img1, img2, ... An unreadable picture is grey, with a warning.

    Raises:
        DataError: there is no picture.
    """
    if path.is_dir() and not (path / "train").is_dir():
        files = [
            file
            for file in path.rglob("*")
            if file.suffix.lower() in ENDINGS
            and file.is_file()
            and not is_junk(file.relative_to(path).parts)
        ]
        contents = {file.name: file.read_bytes for file in sorted(files, key=_number)}
        if len(contents) < len(files):
            raise DataError(f"{path}: pictures of equal names in several folders; give one folder")
    else:
        source = Source(path)
        contents = {p.name: lambda p=p: source.read(p) for p in source.test}  # type: ignore[misc]
    if not contents:
        raise DataError(f"{path}: no picture (.jpg, .png) in it; give the folder with img0.jpg")

    def one(item: tuple[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
        name, read = item
        try:
            return squeeze(read(), size)[0]
        except (*READABLE, zipfile.LargeZipFile) as error:
            print(f"warning: {name} is unreadable ({error}); a grey picture is predicted")
            return np.full((size, size, 3), GREY, np.uint8)

    with ThreadPoolExecutor(2) as pool:
        images = np.stack(list(pool.map(one, contents.items())))
    return list(contents), torch.from_numpy(images).permute(0, 3, 1, 2)


def _number(path: Path) -> tuple[int, str]:
    found = re.search(r"\d+", path.name)
    return (int(found.group()) if found else -1, path.name)


def write_submission(path: Path, names: list[str], labels: list[str]) -> None:
    """Write Id,Expected: whole or not at all.

    Raises:
        DataError: the numbers of names and labels differ, or the file cannot be written.
    """
    if len(names) != len(labels):
        raise DataError(f"{len(labels)} predictions for {len(names)} pictures; nothing written")
    write_table(path, ["Id", "Expected"], zip(names, labels, strict=True))
