"""Tables as spreadsheets save them: one content, any of their forms."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Form:
    """How a table is saved."""

    separator: str = ","
    encoding: str = "utf-8"
    says_separator: bool = False
    ending: str = "\n"
    trailing: int = 0
    blank: bool = False
    decomposed: bool = False

    def save(self, rows: Sequence[Sequence[str]]) -> bytes:
        """The bytes of the file."""
        out = io.StringIO()
        if self.says_separator:
            out.write(f"sep={self.separator}{self.ending}")
        writer = csv.writer(out, delimiter=self.separator, lineterminator=self.ending)
        for row in rows:
            writer.writerow([*row, *[""] * self.trailing])
        if self.blank:
            out.write(self.separator * len(rows[0]) + self.ending * 2)
        text = out.getvalue()
        return (unicodedata.normalize("NFD", text) if self.decomposed else text).encode(
            self.encoding
        )


def forms() -> st.SearchStrategy[Form]:
    """Any form; what cp1251 has no letters for is not decomposed in it."""
    return st.builds(
        Form,
        separator=st.sampled_from(",;\t"),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1251"]),
        says_separator=st.booleans(),
        ending=st.sampled_from(["\n", "\r\n"]),
        trailing=st.integers(0, 3),
        blank=st.booleans(),
        decomposed=st.booleans(),
    ).filter(lambda form: not (form.decomposed and form.encoding == "cp1251"))


LETTERS = st.text("абвгдйёъыэюяАБЁЙabcxyzXYZ '-", min_size=1, max_size=12)
#: What a person may have typed into a cell, of letters that every encoding above has.
CELLS = LETTERS.map(lambda text: " ".join(text.split())).filter(bool)
