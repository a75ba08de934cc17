"""Tables as spreadsheets write them: one reader for whatever stands in a CSV file."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator

SEPARATORS = ",;\t"
SEP = re.compile(r'"?sep=(.)"?[;,\t]*\r?\n?', re.IGNORECASE)  # Excel's own first line
LONGEST = 8192  # characters of the line that is looked at for its separator
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(raw: bytes) -> str:
    """Text in UTF-8 or UTF-16, with a byte order mark or without, else in cp1251; as NFC."""
    if raw[:2] in UTF16:
        text = raw.decode("utf-16", "replace")
    elif raw[1:40:2].count(0) > 8:  # ASCII in two bytes
        text = raw.decode("utf-16-le", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1251", "replace")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class Rows:
    """The rows of a table as lists of cells, each as it stands; not those of empty lines.

    Commas, semicolons or tabs part the cells: what the first line says (sep=;), or what it has
    most of. Iterating raises csv.Error where a line is none of a table.
    """

    def __init__(self, text: str) -> None:
        said = SEP.match(text)
        lines = io.StringIO(text, newline="")
        self._skipped = 0
        if said:
            lines.readline()
            self._skipped = 1
        start = text[said.end() if said else 0 :][:LONGEST].splitlines()
        first = next(filter(str.strip, start), "")
        self.separator = said[1] if said and said[1] in SEPARATORS else _separator(first)
        self._reader = csv.reader(lines, delimiter=self.separator)

    @property
    def line(self) -> int:
        """The number of the line that was read last, as an editor counts."""
        return self._reader.line_num + self._skipped

    def __iter__(self) -> Iterator[list[str]]:
        return filter(None, self._reader)


def _separator(line: str) -> str:
    """The separator that parts a line into the most cells, what is quoted left alone."""
    counts = {}
    for separator in SEPARATORS:
        try:
            counts[separator] = len(next(csv.reader([line], delimiter=separator), []))
        except csv.Error:
            counts[separator] = 0
    return max(SEPARATORS, key=counts.__getitem__)


def trimmed(cells: list[str]) -> list[str]:
    """Cells without the empty ones at the end, which spreadsheets add."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]
