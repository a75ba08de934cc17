"""Files: read in the encodings that people have, replaced whole or not at all."""

from pathlib import Path
from typing import Protocol

from simpsons.files import replacing
from simpsons.tables import UTF16, Rows, decoded

from autograder.errors import UsageError

PACKAGE = Path(__file__).parent  # where the package's own data lie


class Bytes(Protocol):
    """A file, or what stands for one."""

    def read_bytes(self) -> bytes: ...


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        if not path.name or path.is_dir():
            raise UsageError(f"{path}: this is a folder; give the name of a file")
        with replacing(path) as part:
            if isinstance(content, bytes):
                part.write_bytes(content)
            else:
                part.write_text(content, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be written: {why}") from None


def read_text(path: Bytes) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        UsageError: it is not there, cannot be read, or has another encoding.
    """
    raw = _raw(path)
    if raw[:2] in UTF16:
        raise UsageError(f"{path}: this is UTF-16, not UTF-8; save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8; save it as UTF-8") from None


def read_rows(path: Bytes) -> Rows:
    """The rows of a table, as spreadsheets write it: see Rows.

    Raises:
        UsageError: it is not there, cannot be read, or is no text.
    """
    text = decoded(_raw(path))
    if "\0" in text[:4096]:
        raise UsageError(f"{path}: not a CSV file; export it as CSV (UTF-8)")
    return Rows(text)


def _raw(path: Bytes) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
