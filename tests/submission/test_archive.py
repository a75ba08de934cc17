"""What is taken out of archives, and what is not; whose it is."""

from datetime import UTC
from pathlib import Path, PurePosixPath

import pytest

from autograder.classroom.gradebook.moodle import assemble, same_name
from autograder.classroom.gradebook.policy import Policy
from autograder.classroom.gradebook.worksheet import read_worksheet
from autograder.course.roster import Student
from autograder.errors import UsageError
from autograder.submission import archive
from autograder.submission.archive import Handed, collect
from autograder.submission.chosen import place_of
from tests.helpers.moodle import RUSSIAN, Cp866, folder, worksheet
from tests.helpers.moodle import archive as zipped

CODE = b"x = 1\n"


def taken(tmp_path: Path, files: dict[str, bytes]) -> tuple[dict[str, Handed], list[str]]:
    source = tmp_path / "all.zip"
    source.write_bytes(zipped(files))
    handed, stray = collect(source, tmp_path / "into", UTC)
    return {one.name: one for one in handed}, stray


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("04_resnet/resnet.py", "04_resnet/resnet.py"),
        ("my work/assignments/04_resnet/helpers.py", "04_resnet/helpers.py"),
        ("4 resnet/resnet.py", "04_resnet/resnet.py"),
        ("resnet.py", "04_resnet/resnet.py"),
        ("deep/down/submission.csv", "06_simpsons/submission.csv"),
        ("06_simpsons/run/model.safetensors", "06_simpsons/run/model.safetensors"),
        ("06_simpsons/run/evil.bin", None),
        ("01_alexnet/lesson.ru.ipynb", "01_alexnet/lesson.ru.ipynb"),
        ("Иванов.ipynb", "notebooks/Иванов.ipynb"),
        ("04_resnet/conftest.ini", None),
        ("notes.txt", None),
        ("other.py", None),
    ],
)
def test_where_a_file_belongs(path: str, place: str | None) -> None:
    found = place_of(PurePosixPath(path))
    assert (found[0] if found else None) == place


def test_names_and_archives_in_archives_are_read(tmp_path: Path) -> None:
    inner = zipped({"моя работа/04_resnet/resnet.py": CODE}, Cp866)
    handed, _ = taken(
        tmp_path,
        {
            f"{folder('Иван Иванов', 1)}/работа.zip": inner,
            f"{folder('Zoë 😀', 2)}/a.zip": zipped({"b.zip": zipped({"vgg.py": CODE})}),
            f"{folder('A_B', 3)}/vgg.py": CODE,
        },
    )
    assert handed["Иван Иванов"].files == ["04_resnet/resnet.py"]
    assert handed["Zoë 😀"].files == ["02_vgg/vgg.py"]
    assert handed["A_B"].number == "3"
    assert (handed["A_B"].folder / "02_vgg/vgg.py").read_bytes() == CODE
    assert not any(one.problems for one in handed.values())


def test_what_is_dangerous_is_refused_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_INNER", 1 << 20)
    secret = tmp_path / "secret.py"
    secret.write_text("secret")
    deep = {"vgg.py": CODE}
    for _ in range(5):
        deep = {"again.zip": zipped(deep)}
    handed, stray = taken(
        tmp_path,
        {
            f"{folder('Evil', 1)}/x.zip": zipped(
                {
                    "../../../04_resnet/resnet.py": CODE,
                    "/abs/02_vgg/vgg.py": CODE,
                    "C:\\01_alexnet\\alexnet.py": CODE,
                    "03_gradients/gradients.py@": str(secret).encode(),
                }
            ),
            f"{folder('Evil', 1)}/deep.zip": zipped(deep),
            f"{folder('Evil', 1)}/bomb.zip": zipped({"vgg.py": b"0" * (1 << 21)}),
            f"{folder('Evil', 1)}/huge.zip": zipped({"x.zip": b"\0" * (1 << 21)}),
            f"{folder('Evil', 1)}/broken.zip": b"PK not a zip",
            f"{folder('Evil', 1)}/work.rar": b"Rar!",
            "stray.py": CODE,
        },
    )
    evil = handed["Evil"]
    assert evil.files == []
    assert len(evil.problems) == 9
    assert [path for path in evil.folder.rglob("*") if path.is_file()] == []
    assert stray == ["stray.py: lies in no folder of a student"]
    assert not (tmp_path.parent / "04_resnet").exists()


def test_a_folder_for_each_student_will_do_and_links_in_it_are_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "class"
    (source / "ivan/04_resnet").mkdir(parents=True)
    (source / "ivan/04_resnet/resnet.py").write_bytes(CODE)
    (source / "ivan/02_vgg").symlink_to("/etc")
    handed, _ = collect(source, tmp_path / "into", UTC)
    assert handed[0].files == ["04_resnet/resnet.py"]
    assert len(handed[0].problems) == 1


def test_what_holds_nothing_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="cannot be read as a zip"):
        collect(tmp_path / "x.zip", tmp_path / "into", UTC)
    (tmp_path / "y.zip").write_bytes(zipped({"a.txt": b""}))
    with pytest.raises(UsageError, match="Download all"):
        collect(tmp_path / "y.zip", tmp_path / "into", UTC)


def test_two_spellings_of_a_name() -> None:
    assert same_name("Иванов Пётр", "петр ИВАНОВ")
    assert not same_name("Иванов Пётр", "Иванов Павел")
    assert not same_name("", "")


def test_whose_it_is_is_found_out_or_told(tmp_path: Path) -> None:
    people = {1: "Ivan Ivanov", 2: "Petr Petrov", 4: "Anna Belova", 5: "Anna Belova"}
    path = tmp_path / "moodle.csv"
    path.write_text(worksheet(people, RUSSIAN), encoding="utf-8")
    source = tmp_path / "all.zip"
    names = {**people, 3: "Stranger"}
    files = {f"{folder(name, n)}/vgg.py": CODE for n, name in names.items()}
    source.write_bytes(zipped(files))
    students = [
        Student("ivanov", email="S1@school.example"),
        Student("petrov", name="Petrov Petr"),
        Student("belova", name="Anna Belova", lms_id="4"),
        Student("absent", name="Nobody"),
    ]
    sheet = read_worksheet(path)
    found = assemble(source, tmp_path / "out", students, sheet, Policy())
    by_number = {member.handed.number: member.student.student_id for member in found.members}
    assert by_number == {"1": "ivanov", "2": "petrov", "4": "belova", "3": "3", "5": "5"}
    assert found.absent == ["absent Nobody"]
    told = "\n".join(found.problems)
    assert "Stranger_3" in told and "on no line of the roster" in told
    assert "on no line of the worksheet" in told
    assert "Anna Belova_5" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n", "Download grading worksheet"),
        ("Identifier,Grade\nnobody,\n", "has no number"),
        ("Identifier,Grade\nParticipant 1,\nParticipant 1,\n", "twice"),
    ],
)
def test_what_is_no_worksheet_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=why.replace(" ", ".*")):
        read_worksheet(path)
