"""Archives and worksheets as Moodle makes them, for tests."""

import csv
import io
import stat
import zipfile
from collections.abc import Mapping, Sequence

MOMENT = (2026, 3, 2, 12, 0, 0)
ENGLISH = (
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade",
    "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
    "Feedback comments",
)  # fmt: skip
RUSSIAN = (
    "Идентификатор", "Полное имя", "Адрес электронной почты", "Состояние", "Оценка",
    "Максимальная оценка", "Оценка может быть изменена", "Последнее изменение (ответ)",
    "Последнее изменение (оценка)", "Отзыв в виде комментария",
)  # fmt: skip


class Cp866(zipfile.ZipInfo):
    """An entry named as Windows in Russian names it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("cp866"), 0


def archive(files: Mapping[str, bytes], kind: type[zipfile.ZipInfo] = zipfile.ZipInfo) -> bytes:
    """A zip archive. A name that ends with "@" is a link to what its content says."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = kind(name.rstrip("@"), MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            if name.endswith("@"):
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, content)
    return out.getvalue()


def folder(name: str, number: int) -> str:
    return f"{name}_{number}_assignsubmission_file_"


def worksheet(
    people: Mapping[int, str], head: Sequence[str] = ENGLISH, maximum: str = "65.00"
) -> str:
    """A grading worksheet with nobody graded."""
    russian = head == RUSSIAN
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for number, name in people.items():
        id = f"Участник{number}" if russian else f"Participant {number}"
        who = [id, name, f"s{number}@school.example", "Submitted for grading"]
        writer.writerow([*who, "", maximum, "Да" if russian else "Yes", "-", "-", ""])
    return "\ufeff" + out.getvalue()
