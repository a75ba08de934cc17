"""A class in one command: an archive of Moodle comes in, feedback and the worksheet go out."""

import csv
import io
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from simpsons.files import replacing

from autograder.classroom.gradebook.grades import StudentGrade, explained
from autograder.classroom.gradebook.policy import Policy
from autograder.classroom.gradebook.verdicts import SUBMITTED
from autograder.classroom.gradebook.worksheet import Row, Worksheet
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.roster import Student
from autograder.files import write
from autograder.model import Report
from autograder.report.html import to_html
from autograder.report.terminal import number, safe
from autograder.submission.archive import Handed, collect

SUBMISSIONS, FEEDBACK, UNMATCHED = "submissions", "feedback", "unmatched.txt"
REPORT = "report.html"


@dataclass
class Member:
    """One of the class. student: of the roster, or made of what Moodle says; row: its line."""

    student: Student
    handed: Handed
    on_roster: bool
    row: Row | None = None
    grade: StudentGrade | None = None


@dataclass
class Class:
    """Who handed in what; what could not be told; who handed in nothing."""

    members: list[Member]
    problems: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[str]:
        return [str(member.handed.folder) for member in self.members]


def assemble(
    source: Path,
    out: Path,
    students: Sequence[Student],
    sheet: Worksheet | None,
    policy: Policy,
) -> Class:
    """Unpack what was handed in, and say whose each of it is.

    Raises:
        UsageError: nothing was handed in.
    """
    handed, stray = collect(source, out / SUBMISSIONS, ZoneInfo(policy.timezone))
    members: list[Member] = []
    found = Class(members, [f"{safe(name)}" for name in stray])
    taken: dict[str, Member] = {}
    for one in handed:
        row = _row(one, sheet)
        student = _student(one, row, students)
        member = Member(student or _stranger(one, row), one, student is not None, row)
        name = f"{safe(one.entry)}"
        if student is None and students:
            found.problems.append(f"{name}: on no line of the roster; graded all the same")
        if row is None and sheet is not None:
            found.problems.append(
                f"{name}: on no line of the worksheet; its grade is in grades.csv"
            )
        if (other := taken.get(member.student.student_id)) is not None:
            found.problems.append(f"{name}: {safe(other.handed.entry)} is of the same student too")
            member.student = replace(member.student, student_id=one.folder.name)
            member.on_roster = False
        taken[member.student.student_id] = member
        found.problems += [f"{name}: {safe(problem)}" for problem in one.problems]
        members.append(member)
    _name_folders(members)
    found.absent = _absent(members, students, sheet)
    _write_times(members, out / SUBMITTED)
    return found


def _row(handed: Handed, sheet: Worksheet | None) -> Row | None:
    """The line of the worksheet: by Moodle's number, else by a name that stands there once."""
    if sheet is None:
        return None
    if handed.number:
        return sheet.by_number.get(handed.number)
    own = [row for row in sheet.rows if same_name(row.name, handed.name)]
    own += [
        row for row in sheet.rows if handed.name in (row.email, row.id_number) and row not in own
    ]
    return own[0] if len(own) == 1 else None


def _student(handed: Handed, row: Row | None, students: Sequence[Student]) -> Student | None:
    """The line of the roster: by numbers and addresses, else by a name that stands there once."""
    keys = {handed.name.casefold(), handed.number.casefold()}
    if row:
        keys |= {row.email.casefold(), row.id_number.casefold(), row.number}
    keys.discard("")
    for student in students:
        own = (student.lms_id, student.email, student.student_id, student.github)
        if keys & {value.casefold() for value in own if value}:
            return student
    name = row.name if row else handed.name
    same = [student for student in students if same_name(student.name, name)]
    return same[0] if len(same) == 1 else None


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are of one name: any order, any case, ё as е."""

    def words(name: str) -> list[str]:
        whole = unicodedata.normalize("NFC", name).casefold().replace("ё", "е")
        return sorted(re.findall(r"[^\W_]+", whole))

    return bool(words(one)) and words(one) == words(other)


def _stranger(handed: Handed, row: Row | None) -> Student:
    """A student who is on no roster, called by what is known."""
    return Student(
        handed.folder.name,
        row.name if row else handed.name,
        row.email if row else "",
        lms_id=handed.number,
    )


def _name_folders(members: Iterable[Member]) -> None:
    """Call each folder by its student: reports and grades are named after it."""
    for member in members:
        target = member.handed.folder.with_name(member.student.student_id)
        if member.on_roster and target != member.handed.folder:
            shutil.rmtree(target, ignore_errors=True)
            member.handed.folder = member.handed.folder.rename(target)


def _absent(
    members: Sequence[Member], students: Sequence[Student], sheet: Worksheet | None
) -> list[str]:
    there = {member.student.student_id for member in members}
    missing = [f"{s.student_id} {s.name}".strip() for s in students if s.student_id not in there]
    if not students and sheet is not None:
        numbers = {member.row.number for member in members if member.row}
        missing = [row.name or row.number for row in sheet.rows if row.number not in numbers]
    return [safe(name) for name in missing]


def _write_times(members: Sequence[Member], path: Path) -> None:
    """When each of them handed in, for the late policy: of the newest file that counts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student_id", "task", "submitted"])
    for member in members:
        if member.handed.submitted:
            moment = member.handed.submitted.isoformat()
            writer.writerow([member.student.student_id, "", moment])
    write(path, out.getvalue())


class Desk:
    """Makes feedback and grades of reports as they come."""

    def __init__(self, found: Class, out: Path, policy: Policy, lang: str) -> None:
        self._found, self._out, self._policy = found, out, policy
        self._catalogues = {code: Catalogue.load(code) for code in LANGUAGES}
        self._lang = lang

    def reports(self, graded: Iterable[tuple[int, Report]]) -> Iterator[tuple[int, Report]]:
        """Pass reports on, with what the class's rules say of them."""
        for index, report in graded:
            settled = self._settled(self._found.members[index], report)
            self._keep(self._found.members[index], settled)
            yield index, settled

    def _settled(self, member: Member, report: Report) -> Report:
        student, catalogue = member.student, self._catalogue(member)
        moment = member.handed.submitted
        times = {task.task: moment for task in report.tasks} if moment else {}
        settled, member.grade = explained(report, student, times, self._policy, catalogue)
        return settled

    def _keep(self, member: Member, report: Report) -> None:
        """Write the page that a student gets."""
        path = self._out / FEEDBACK / member.student.student_id / REPORT
        write(path, to_html(report, self._catalogue(member)))

    def _catalogue(self, member: Member) -> Catalogue:
        return self._catalogues.get(member.student.lang) or self._catalogues[self._lang]

    def finish(self, sheet: Worksheet | None) -> list[str]:
        """Write feedback.zip and the worksheet; what the teacher should know."""
        self._pack()
        said = []
        if sheet is not None:
            said = self._fill(sheet)
            write(self._out / sheet.path.name, sheet.text())
        if self._found.problems:
            write(self._out / UNMATCHED, "\n".join(self._found.problems) + "\n")
        return said

    def _pack(self) -> None:
        """feedback.zip, as Moodle takes it: a report in the folder that the work came in."""
        path = self._out / f"{FEEDBACK}.zip"
        with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in self._found.members:
                page = self._out / FEEDBACK / member.student.student_id / REPORT
                folder = member.handed.entry
                if "_assignsubmission_file" in folder:
                    folder = re.sub(r"_assignsubmission_file.*", "_assignsubmission_file_", folder)
                if page.is_file():
                    archive.write(page, f"{folder}/{REPORT}")

    def _fill(self, sheet: Worksheet) -> list[str]:
        said, scaled = list(map(safe, sheet.problems)), 0.0
        for member in self._found.members:
            row, grade = member.row, member.grade
            if row is None or grade is None:
                continue
            if grade.points is None:
                tasks = ", ".join(grade.open)
                said.append(f"{safe(row.name)}: {tasks} undecided; the grade is left open")
                continue
            if not member.handed.files:
                said.append(f"{safe(row.name)}: no file to grade; the grade is left open")
                continue
            if row.closed:
                said.append(
                    f"{safe(row.name)}: the worksheet says that the grade cannot be changed"
                )
                continue
            points = grade.points
            if row.highest and row.highest != grade.max_points:
                scaled = row.highest
                points = points * row.highest / grade.max_points
            title = self._catalogue(member).task_title
            lines = [
                f"{title(t.task.name)}: {number(t.points)} / {number(t.max_points)}"
                for t in grade.tasks
                if t.task.name in grade.counted
            ]
            sheet.fill(row, points, "; ".join(lines))
        if scaled:
            said.insert(0, f"the worksheet's maximum is {scaled:g}: points are scaled to it")
        return said
