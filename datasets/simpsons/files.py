"""Write files whole or not at all."""

import csv
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from simpsons.errors import DataError


@contextmanager
def replacing(path: Path, unique: bool = False) -> Iterator[Path]:
    """A file beside path to write to; it takes path's place once it is whole, else it goes.

    unique: several processes may write this file at the same time.

    Raises:
        OSError: it cannot be written.
    """
    mark = f"{uuid.uuid4().hex[:8]}." if unique else ""
    part = path.with_name(f".{path.name}.{mark}part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)  # never through a link that lies there
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file; what was there before stays if that fails.

    Raises:
        DataError: it cannot be written.
    """
    if not path.name or path.is_dir():
        raise DataError(f"{path}: this is a folder; give the name of a file")
    try:
        with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
