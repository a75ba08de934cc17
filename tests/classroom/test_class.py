"""A class through one command: Moodle's archive in, feedback and the worksheet out."""

import csv
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, needs_sandbox
from tests.helpers.moodle import ENGLISH, RUSSIAN, Cp866, archive, folder, worksheet

STUB = (ROOT / "assignments/03_gradients/gradients.py").read_bytes()
RIGHT = (ROOT / "solutions/03_gradients/gradients.py").read_bytes()
ROSTER = "student_id,name,email,github,lms_id,group,lang,extra_days,note\n"
COURSE = """
[course]
name = "Class"
languages = ["en", "ru"]
[grading]
late = "percent"
percent_per_day = 10
[deadlines]
gradients = 2026-03-02T00:00:00Z
[[override]]
student = "zoe"
task = "vgg"
points = 6
reason = "talk <b>in</b> class"
"""


@pytest.fixture
def own_course(tmp_path: Path) -> Path:
    """The course, with rules of its own."""
    path = tmp_path / "course"
    path.mkdir()
    for name in ("solutions", "assignments"):
        (path / name).symlink_to(ROOT / name)
    (path / "course.toml").write_text(COURSE, encoding="utf-8")
    return path


def run(where: Path, *words: object, code: int = 0) -> str:
    command = [sys.executable, "-m", "autograder.cli", *map(str, words)]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_a_class_goes_round(tmp_path: Path, own_course: Path) -> None:
    """Nested archives, Russian and hostile names, latecomers, strangers; twice."""
    needs_sandbox()
    people = {1: "Иван Иванов", 2: "Zoë 😀", 3: "=cmd|'calc'!A0", 4: "No File", 5: "Absent"}
    work = {
        f"{folder(people[1], 1)}/работа.zip": archive(
            {"работа/03_gradients/gradients.py": RIGHT}, Cp866
        ),
        f"{folder(people[2], 2)}/gradients.py": STUB,
        f"{folder(people[3], 3)}/a.zip": archive({"b.zip": archive({"gradients.py": RIGHT})}),
        f"{folder(people[4], 4)}/work.rar": b"Rar!",
        f"{folder('Stranger', 9)}/gradients.py": STUB,
    }
    (tmp_path / "all.zip").write_bytes(archive(work))
    (tmp_path / "moodle.csv").write_text(worksheet(people, RUSSIAN, "65,00"), encoding="utf-8")
    rows = "ivanov,Иванов Иван,,,,,,2,\nzoe,,s2@school.example,,,,en,,\nformula,,,,3,,,,\n"
    (tmp_path / "roster.csv").write_text(ROSTER + rows + "nofile,No File,,,,,,,\n")
    run(tmp_path, "course", "check", "--roster", "roster.csv", "--course", own_course)
    words = ["class", "all.zip", "--worksheet", "moodle.csv", "--roster", "roster.csv"]
    words += ["--out", "OUT", "--course", str(own_course)]
    for _ in range(2):  # the second time everything is there already
        told = run(tmp_path, *words)
        assert "Stranger_9_assignsubmission_file_: on no line of the roster" in told
        assert "work.rar: only zip archives are opened" in told
        assert "No File: no file to grade" in told
        head, *filled = table(tmp_path / "OUT/moodle.csv")
        grade, feedback = RUSSIAN.index("Оценка"), len(RUSSIAN) - 1
        # Ivanov's deadline is later; the third lost a tenth; a teacher gave Zoë six points.
        assert [row[grade] for row in filled] == ["10,00", "6,00", "9,00", "", ""]
        assert "Затухание градиентов: 10 / 10" in filled[0][feedback]
        assert "VGG: 6 / 10" in filled[1][feedback]
        assert tuple(cell.lstrip("\ufeff") for cell in head) == RUSSIAN
        assert [row[1] for row in filled] == list(people.values())
    with zipfile.ZipFile(tmp_path / "OUT/feedback.zip") as packed:
        pages = {name: packed.read(name).decode() for name in packed.namelist()}
    assert f"{folder(people[1], 1)}/report.html" in pages
    assert "снято" in pages[f"{folder(people[3], 3)}/report.html"]
    english = pages[f"{folder(people[2], 2)}/report.html"]
    assert "as your teacher decided: talk &lt;b&gt;in&lt;/b&gt; class" in english
    assert "Stranger" in (tmp_path / "OUT/unmatched.txt").read_text(encoding="utf-8")
    assert (tmp_path / "OUT/class.html").is_file()


@pytest.mark.slow
def test_a_hundred_students_go_round(tmp_path: Path) -> None:
    needs_sandbox()
    people = {number: f"Студент {number:03}" for number in range(1, 101)}
    work = {
        f"{folder(name, n)}/work.zip": archive(
            {"03_gradients/gradients.py": RIGHT if n % 2 else STUB}
        )
        for n, name in people.items()
    }
    (tmp_path / "all.zip").write_bytes(archive(work))
    (tmp_path / "moodle.csv").write_text(worksheet(people, ENGLISH, "100"), encoding="utf-8")
    words = ["class", "all.zip", "--worksheet", "moodle.csv", "--out", "OUT", "--course", ROOT]
    assert "points are scaled" in run(tmp_path, *words)
    _, *rows = table(tmp_path / "OUT/moodle.csv")
    grades = {int(row[0].split()[1]): row[4] for row in rows}
    assert grades == {n: f"{10 * 100 / 65:.2f}" if n % 2 else "0.00" for n in people}
    with zipfile.ZipFile(tmp_path / "OUT/feedback.zip") as packed:
        assert len(packed.namelist()) == 100


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["class", "nothing.zip", "--out", "OUT"], "cannot be read as a zip"),
        (["class", "text.zip", "--out", "OUT"], "cannot be read as a zip"),
        (["gradebook", "update", "empty"], "no report there"),
        (["gradebook", "update", "reports", "--gradebook", "mysql://x"], "cannot be opened|needs"),
    ],
)
def test_misuse_is_told_with_a_remedy(tmp_path: Path, words: list[str], why: str) -> None:
    import re

    (tmp_path / "text.zip").write_text("no archive")
    (tmp_path / "empty").mkdir()
    report = '{"schema": "autograder/report/v1", "tasks": []}'
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/a.json").write_text(report)
    told = run(tmp_path, *words, "--course", ROOT, code=2)
    assert re.search(why, told), told
