"""Write tables whole or not at all."""

import csv
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from simpsons.errors import DataError


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file; what was there before stays if that fails.

    Raises:
        DataError: it cannot be written.
    """
    if not path.name or path.is_dir():
        raise DataError(f"{path}: this is a folder; give the name of a file")
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        part.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
