"""The commands of the data: what they say, and how they end."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from simpsons import synthetic
from simpsons.cli import app, main
from simpsons.source import Source

from tests.helpers.drawn import TRAIN, run_command

Captured = pytest.CaptureFixture[str]


def test_prepare_tells_counts_problems_and_seconds(own: Path, capsys: Captured) -> None:
    for number in range(12):
        (own / TRAIN / "gil" / f"damaged_{number:02}.jpg").write_bytes(b"no picture")
    words = ["prepare", "--zip", own, "--out", own.parent / "out", "--size", "32"]
    assert run_command(main, *words) == 0
    told = capsys.readouterr().out
    assert f"{len(Source(own).train) - 12} training pictures, 45 test pictures" in told
    assert "damaged_09.jpg" in told and "damaged_10.jpg" not in told and "and 2 more" in told
    assert "already prepared" not in told and told.rstrip().endswith(" s")
    assert run_command(main, *words) == 0
    assert "already prepared" in capsys.readouterr().out


def test_data_that_cannot_be_used_ends_with_2_and_one_line(
    tmp_path: Path, capsys: Captured
) -> None:
    assert run_command(main, "prepare", "--zip", tmp_path / "no.zip", "--out", tmp_path / "o") == 2
    told = capsys.readouterr()
    assert told.err.startswith("simpsons: ") and told.err.count("\n") == 1
    assert "Traceback" not in told.err + told.out
    assert run_command(main, "audit", "--data", tmp_path) == 2
    assert "simpsons prepare --zip" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["prepare"],
        ["unknown"],
        ["prepare", "--zip", "x.zip", "--out", "out", "--size", "many"],
        ["prepare", "--zip", "x.zip", "--out", "out", "--wrong"],
        ["synthesize", "--out", "out", "--side", "2"],
        ["download"],
        ["pack", "--zip", "x.zip"],
        ["audit"],
        ["truth", "--zip", "x.zip", "--out", "truth.csv"],
    ],
)
def test_misuse_ends_with_2(words: list[str], capsys: Captured) -> None:
    assert run_command(main, *words) == 2
    assert capsys.readouterr().err


def test_every_command_has_help(capsys: Captured) -> None:
    assert run_command(main, "--help") == 0
    told = capsys.readouterr().out
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names == {"prepare", "download", "pack", "audit", "synthesize", "truth"}
    assert all(name in told for name in names)


def test_ctrl_c_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(synthetic, "write_pictures", interrupted)
    assert run_command(main, "synthesize", "--out", tmp_path / "data") == 130
    assert not list(tmp_path.iterdir())


def test_synthesize_draws_what_prepare_reads(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "data"
    words = ["synthesize", "--out", out, "--per-class", "1", "--test", "3", "--side", "32"]
    assert run_command(main, *words) == 0
    assert f'simpsons prepare --zip "{out}"' in capsys.readouterr().out
    assert len(Source(out).test) == 3
    assert run_command(main, *words) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_synthesize_on_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(synthetic, "write_pictures", full)
    assert run_command(main, "synthesize", "--out", tmp_path / "data") == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err


class Refused(Exception):
    """As Kaggle's client tells what the server answered."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = type("Response", (), {"status_code": status})()


def kaggle(monkeypatch: pytest.MonkeyPatch, answer: Path | Exception) -> dict[str, str]:
    """Put a client in place that answers so; returns what it was asked."""
    asked: dict[str, str] = {}

    def competition_download(name: str) -> str:
        asked.update(name=name, folder=os.environ["KAGGLEHUB_CACHE"])
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    module = ModuleType("kagglehub")
    module.competition_download = competition_download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return asked


def test_download_says_where_the_data_is_and_what_comes_next(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("KAGGLEHUB_CACHE", raising=False)
    asked = kaggle(monkeypatch, drawn)
    assert run_command(main, "download", "--out", tmp_path / "kaggle") == 0
    told = capsys.readouterr().out
    assert f"downloaded: {drawn}" in told and f'simpsons prepare --zip "{drawn}" --out' in told
    assert asked == {"name": "journey-springfield", "folder": str(tmp_path / "kaggle")}
    assert "KAGGLEHUB_CACHE" not in os.environ


TOKEN, RULES = "make an API token", "log in to Kaggle and accept the rules"


@pytest.mark.parametrize(
    ("failure", "remedy"),
    [
        (Refused(401, "401 Client Error: Unauthorized"), TOKEN),
        (ValueError("Kaggle credentials file at kaggle.json is missing 'key'"), TOKEN),
        (Refused(403, "403 Client Error: you must accept this competition's terms"), RULES),
        (ConnectionError("Failed to resolve 'www.kaggle.com'"), "connect to the network"),
    ],
)
def test_each_failure_of_a_download_names_its_remedy_and_all_steps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    failure: Exception,
    remedy: str,
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", "mine")
    kaggle(monkeypatch, failure)
    assert run_command(main, "download", "--out", tmp_path) == 2
    told = capsys.readouterr().err
    assert told.startswith("simpsons: ") and str(failure) in told
    assert f"Do this: {remedy}" in told
    for step in (
        "pip install kagglehub",
        "https://www.kaggle.com/settings",
        "~/.kaggle/kaggle.json",
        "KAGGLE_USERNAME",
        "KAGGLE_KEY",
        "https://www.kaggle.com/competitions/journey-springfield/rules",
        "class.zip",
        "simpsons synthesize",
    ):
        assert step in told
    assert os.environ["KAGGLEHUB_CACHE"] == "mine"


def test_an_unknown_failure_is_told_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    kaggle(monkeypatch, Refused(500, "500 Server Error"))
    assert run_command(main, "download", "--out", tmp_path) == 2
    told = capsys.readouterr().err
    assert "500 Server Error" in told and "Do this" not in told and "All steps" in told


def test_a_missing_client_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert run_command(main, "download", "--out", tmp_path) == 2
    told = capsys.readouterr().err
    assert "kagglehub is not installed" in told and "Do this: pip install kagglehub" in told


def test_a_download_of_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    kaggle(monkeypatch, tmp_path)
    assert run_command(main, "download", "--out", tmp_path / "out") == 2
    assert "no folder train/simpsons_dataset/<class> in it" in capsys.readouterr().err
