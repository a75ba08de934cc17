"""Feedback on GitHub: whatever a student writes, it stays a text."""

import io
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from autograder.checks.task_run import planned
from autograder.classroom.classroom50 import result
from autograder.course.messages import LANGUAGES, Catalogue
from autograder.course.tasks import task_named
from autograder.model import Message, Result
from autograder.report.github import (
    MOST,
    Checked,
    annotations,
    markdown,
    no_commands,
    place_of,
    summary,
)
from autograder.submission.task_files import TaskFiles
from tests.authoring.test_export import commands
from tests.conftest import ROOT

VGG = task_named("vgg")
TAGS = {"h2", "h3", "blockquote", "p", "ul", "li", "strong", "br"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
SOURCE = b"import torch\n\n\nclass VGGBlock:\n    pass\n\n\nVGG = VGGBlock\n"
EVIL = (
    "::error::x",
    "##[add-mask]x",
    "a%0Ab\r\n::set-output name=x::y",
    ",title=x::file=/etc/passwd",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1)) ![](http://evil.example/a.png) https://evil.example @everyone",
    "# title\n---\n| a | b |\n|---|---|\n```\n~~~ $x$ `y` *z* _z_ &lt;",
    "::stop-commands::x",
    "x\u202e\x1b[31m\x07\x00y",
)


def failing(message: Message, symbol: str = "VGGBlock", **files: bytes) -> Checked:
    """A task with one failed check of a symbol."""
    found = TaskFiles(VGG, {"vgg.py": SOURCE} | {f"{n}.py": text for n, text in files.items()})
    check = next(check for check in planned(VGG) if check.symbol == symbol)
    return Checked(found, [Result(check, "failed", 0.0, message, 0.0)])


def raised(text: str, file: str = "vgg.py", line: int = 5, number: int = 0) -> Message:
    values = {"call": f"f({number})", "text": text, "file": file, "line": line, "at": ""}
    return Message("fault.error", values)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("text", EVIL)
def test_an_annotation_is_one_command_whatever_its_text(text: str, lang: str) -> None:
    catalogue = Catalogue.load(lang)
    one = failing(raised(text))
    (line,) = annotations([one], "assignments", catalogue)
    assert line.isprintable() and "##[" not in line
    assert commands(line) == [line]
    match = re.fullmatch(r"::error file=([^:,]*),line=(\d+),title=([^:,]*)::(.*)", line)
    assert match is not None
    assert match.group(1, 2) == ("assignments/02_vgg/vgg.py", "5")
    assert match[3].replace("%3A", ":").replace("%2C", ",") == catalogue.title(one.reports[0].check)
    told = catalogue.told(one.reports[0])
    plain = match[4].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert plain == "\n".join(told)


@pytest.mark.parametrize("text", EVIL)
def test_the_summary_shows_texts_as_they_are(text: str) -> None:
    catalogue = Catalogue.load("en")
    one = failing(raised(text))
    page = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(
        summary([one], catalogue)
    )
    tags = set(re.findall(r"</?([a-z0-9]+)", page))
    assert tags <= TAGS
    told = "".join(catalogue.told(one.reports[0])[0].split())
    shown = re.sub(r"<[^>]*>", "", page)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, character)
    assert told in "".join(shown.split())


def test_markdown_keeps_letters_and_escapes_the_rest() -> None:
    assert markdown("Ё a1 + 2") == "Ё a1 &#43; 2"
    assert not set(markdown("".join(map(chr, range(32, 127))))) & set("<>*_`[](){}|~@:/\\!.-+$'\"")


@pytest.mark.parametrize(
    ("message", "symbol", "place"),
    [
        (raised("x"), "VGGBlock", ("02_vgg/vgg.py", 5)),
        (raised("x", "helper.py", 2), "VGGBlock", ("02_vgg/helper.py", 2)),
        (raised("x", line=10_000), "VGGBlock", ("02_vgg/vgg.py", 4)),  # no such line
        (raised("x", "/etc/passwd", 1), "VGGBlock", ("02_vgg/vgg.py", 4)),
        (raised("x", "", 1), "VGG", ("02_vgg/vgg.py", 8)),
        (raised("x", "../02_vgg/vgg.py", 1), "VGG", ("02_vgg/vgg.py", 8)),
        (Message("dtype.error", {"at": " (vgg.py:7)"}), "VGG", ("02_vgg/vgg.py", 7)),
        (Message("shape.wrong"), "VGGBlock", ("02_vgg/vgg.py", 4)),
    ],
)
def test_the_place_is_a_line_that_the_student_has(
    message: Message, symbol: str, place: tuple[str, int]
) -> None:
    one = failing(message, symbol, helper=b"a = 1\nb = 2\n")
    assert place_of(one.files, one.reports[0]) == place


@pytest.mark.parametrize("source", [b"", b"class VGG(:\n", b"\x00", b"\xff\xfe", b"(" * 10_000])
def test_a_file_that_cannot_be_read_has_its_first_line(source: bytes) -> None:
    one = failing(Message("shape.wrong"), "VGG", vgg=source)
    assert place_of(one.files, one.reports[0]) == ("02_vgg/vgg.py", 1)


def test_a_step_has_no_more_annotations_than_github_shows() -> None:
    reports = [failing(raised("x", number=n)).reports[0] for n in range(MOST + 5)]
    reports += reports[:3]  # the same thing again says nothing new
    other = failing(raised("first of the other task"))
    lines = annotations([Checked(other.files, reports), other], "", Catalogue.load("en"))
    assert len(lines) == MOST
    assert "first of the other task" in lines[1]  # the first of every task comes first


def test_a_summary_keeps_to_its_limit() -> None:
    catalogue = Catalogue.load("ru")
    many = [failing(raised("Ж" * 300, number=n)) for n in range(50)]
    whole = summary(many, catalogue)
    for limit in (2_000, 4_000, 20_000):
        text = summary(many, catalogue, limit)
        assert limit - 1_500 < len(text.encode()) <= limit
        assert text.endswith(f"{markdown(catalogue.say('github.cut'))}\n")
    assert markdown(catalogue.say("github.cut")) not in whole


def test_no_command_gets_through_what_is_printed_meanwhile() -> None:
    log = io.StringIO()
    with no_commands(log):
        log.write("::error::x\n::stop-commands::y\n::y::\n::endgroup::\n##[error]x\n")
    log.write("::notice::after\n")
    assert commands(log.getvalue()) == ["::notice::after"]


def test_classroom_50_gets_a_result_of_its_own_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "GITHUB_REPOSITORY_OWNER": "Org",
        "CLASSROOM": "cnn",
        "ASSIGNMENT": "all",
        "OWNER": "ann",
        "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
        "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
        "RELEASE_URL": "https://github.com/Org/cnn-all-ann/releases/tag/submit%2F1",
    }
    checks = [check for check in planned(VGG) if check.points]
    reports = [Result(checks[0], "passed", float(checks[0].points), None, 0.0)]
    reports += [Result(check, "failed", 0.0, raised("x"), 0.0) for check in checks[1:]]
    done = [Checked(TaskFiles(VGG, {"vgg.py": SOURCE}), reports)]
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    made: dict[str, Any] = result(done, Catalogue.load("en"))
    assert made["schema"] == "classroom50/result/v1"
    assert (made["classroom"], made["assignment"], made["owner"]) == ("cnn", "all", "ann")
    assert made["submission"] == settings["SUBMISSION_TAG"]
    assert unquote(made["release"]).endswith("submit/1")
    assert made["commit"].endswith(settings["GITHUB_SHA"])
    assert (made["score"], made["max-score"]) == (checks[0].points, 10)
    assert [test["passed"] for test in made["tests"]] == [True, *[False] * (len(checks) - 1)]
    monkeypatch.delenv("OWNER")
    with pytest.raises(Exception, match="its runner, which sets OWNER"):
        result(done, Catalogue.load("en"))


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 0), (2, 2), (3, 3)])
def test_classroom_50_runs_the_check_apart_from_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, ends: int
) -> None:
    script = shutil.copy(ROOT / ".github" / "classroom50" / "autograder.py", tmp_path)
    (tmp_path / "cnn_autograder-1-py3-none-any.whl").write_bytes(b"")
    called: list[list[str]] = []

    def run(words: list[str], check: bool = False) -> subprocess.CompletedProcess[str]:
        called.append(words)
        return subprocess.CompletedProcess(words, 0 if check else code)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(script)
    assert end.value.code == ends  # 1 says that something is not right yet: graded all the same
    install, check = called
    assert str(tmp_path / "cnn_autograder-1-py3-none-any.whl") in install
    assert check[1:3] == ["-I", "-m"]  # nothing of the checkout is imported
    assert check[-2:] == ["--classroom50", "result.json"]
