"""The leaderboard as a server: a browser, scripts, PostgreSQL, kill -9 in the middle of uploads."""

import csv
import io
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from simpsons import CLASSES

from autograder.cli.main import main
from autograder.errors import UsageError
from autograder.leaderboard.board import Board, Refused
from autograder.leaderboard.client import upload
from autograder.leaderboard.marking import Marker
from autograder.leaderboard.rules import Rules
from autograder.leaderboard.storage import Store, give_token
from tests.conftest import HANG, until
from tests.helpers.drawn import run_command
from tests.helpers.servers import Server, Visit, behind, browser, postgres, serving

ROOT = Path(__file__).parents[2]
AUTOGRADER = (sys.executable, "-m", "autograder.cli")
ROWS = 991
STUDENTS = 50


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The teacher's truth, and a file with nine of ten right."""
    folder = tmp_path_factory.mktemp("files")
    truth = [(f"img{n}.jpg", CLASSES[n % 42]) for n in range(ROWS)]
    guess = [(key, label if n % 10 else CLASSES[0]) for n, (key, label) in enumerate(truth)]
    for name, rows in (("truth.csv", truth), ("submission.csv", guess)):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([("Id", "Expected"), *rows])
    names = "".join(f"s{n:02},Student {n}\n" for n in range(STUDENTS))
    (folder / "roster.csv").write_text(f"student_id,name\n{names}")
    noon = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # where no new day begins meanwhile
    (folder / "course.toml").write_text(
        '[course]\nname = "test"\nlanguages = ["ru", "en"]\n[leaderboard]\ndaily_limit = 2\n'
        f'timezone = "{noon}"\n'
    )
    return folder


def tokens(files: Path, db: str, *words: str) -> dict[str, str]:
    command = [*AUTOGRADER, "leaderboard", "token", *words, "--db", db]
    text = subprocess.run(command, cwd=files, check=True, capture_output=True, text=True).stdout
    return {row["student_id"]: row["token"] for row in csv.DictReader(io.StringIO(text))}


def command(db: str, *words: str) -> list[str]:
    options = ("--truth", "truth.csv", "--db", db, "--port", "0", *words)
    return [*AUTOGRADER, "leaderboard", "serve", *options]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "board.sqlite")
        return
    with postgres() as url:
        yield url


def send(url: str, token: str, key: str, content: bytes) -> int:
    """One upload without trying again; the status, or 0 where the server is gone."""
    mark = "mark"
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n--{mark}\r\n'
        'Content-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    ).encode() + content + f"\r\n--{mark}--\r\n".encode()  # fmt: skip
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={mark}",
    }
    request = urllib.request.Request(f"{url}/api/upload", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=HANG) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_killed_in_the_middle_of_uploads_nothing_is_lost_or_counted_twice(
    files: Path, database: str
) -> None:
    secrets = tokens(files, database, "--roster", "roster.csv")
    keys = {student: uuid.uuid4().hex for student in secrets}
    content = (files / "submission.csv").read_bytes()
    first: dict[str, int] = {}

    def everybody(server: Server, answers: dict[str, int]) -> list[threading.Thread]:
        def one(student: str) -> None:
            answers[student] = send(server.url, secrets[student], keys[student], content)

        threads = [threading.Thread(target=one, args=(student,)) for student in secrets]
        for thread in threads:
            thread.start()
        return threads

    with serving(command(database), files) as server:
        threads = everybody(server, first)
        assert until(lambda: list(first.values()).count(200) >= STUDENTS // 5)
        server.kill()
        for thread in threads:
            thread.join()
    confirmed = {student for student, status in first.items() if status == 200}
    assert len(confirmed) > 0
    with serving(command(database), files) as server:
        assert confirmed <= set(attempts(files, database))
        again: dict[str, int] = {}
        for thread in everybody(server, again):  # a script that got no answer tries again
            thread.join()
        assert set(again.values()) == {200}
        assert attempts(files, database) == dict.fromkeys(secrets, 1)
        assert server.stop() == 0
        assert server.log[-1]["event"] == "stopped" and not server.other


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_uploads_at_the_same_time_keep_the_limit(files: Path, tmp_path: Path, kind: str) -> None:
    place = nullcontext(str(tmp_path / "board.sqlite")) if kind == "sqlite" else postgres()
    content = (files / "submission.csv").read_bytes()
    with place as database:
        store = Store(database)
        board = Board(store, Marker(files / "truth.csv", None), Rules(daily_limit=3))
        with store.write() as db:
            give_token(db, "ann")
        barrier = threading.Barrier(12)
        taken: list[int] = []

        def one(number: int) -> None:
            barrier.wait()
            with suppress(Refused):
                taken.append(board.upload(1, f"key-{number // 2}", content, 1e9).id)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(taken)) == 3 and attempts(files, database) == {"ann": 3}
        store.close()


def attempts(files: Path, database: str) -> dict[str, int]:
    """Attempts by student, as the database holds them."""
    from sqlalchemy import func, select

    from autograder.leaderboard.storage import Attempt, Participant

    store = Store(database)
    with store.read() as db:
        counted = (
            select(Participant.student_id, func.count(Attempt.id))
            .join(Attempt, Attempt.participant_id == Participant.id)
            .group_by(Participant.student_id)
        )
        found = {row[0]: row[1] for row in db.execute(counted)}
    store.close()
    return found


def sign_in(visit: Visit, url: str, token: str) -> None:
    visit.page.goto(url)
    visit.page.wait_for_function("document.activeElement.tagName === 'INPUT'")
    visit.page.keyboard.type(token)  # the field has the focus
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("nav form")


def choose(page: Any, file: Path) -> None:
    page.set_input_files("input[type=file]", file)
    page.focus("form.box button")
    page.keyboard.press("Enter")


def test_a_script_and_a_browser_token_upload_rank_limit(files: Path, tmp_path: Path) -> None:
    database = str(tmp_path / "board.sqlite")
    secrets = tokens(files, database, "--roster", "roster.csv")
    with serving(command(database), files) as server, browser() as chromium:
        answer = upload(files / "submission.csv", server.url, secrets["s01"])
        assert (answer["f1"], answer["points"], answer["left_today"]) == ("0.90413", 8, 1)
        with pytest.raises(UsageError, match="there is no such token"):
            upload(files / "submission.csv", server.url, "wrong")
        with pytest.raises(UsageError, match="there is no picture Student 0"):
            upload(files / "roster.csv", server.url, secrets["s01"])
        visit = Visit(chromium, server.url, width=390, locale="ru-RU")
        page = visit.page
        sign_in(visit, server.url, secrets["s07"])
        choose(page, files / "roster.csv")
        page.get_by_text("попытка не потрачена").wait_for()
        for left in (1, 0):
            choose(page, files / "submission.csv")
            page.get_by_role("status").get_by_text("Оценено: F1 0.90413").wait_for()
            # The page before shows the same status, but another number.
            page.locator(".card").last.get_by_text(str(left), exact=True).wait_for()
            page.reload()  # sends nothing again
        assert "На сегодня попытки закончились" in page.inner_text("main")
        assert page.locator("tr.mine").first.inner_text().split()[:1] == ["2"]
        page.get_by_text("English").click()
        page.get_by_text("No uploads are left today").wait_for()
        assert not visit.elsewhere and not visit.failed and not visit.wide()
        visit.shot("leaderboard-390-en")
        assert server.stop() == 0
        with pytest.raises(UsageError, match="no answer"):
            upload(files / "submission.csv", server.url, secrets["s01"], wait=0.0)
    said = [line["student"] for line in server.log if line["event"] == "upload"]
    assert said == ["s01", "s07", "s07"] and secrets["s01"] not in str(server.log)


@pytest.mark.slow
def test_behind_a_reverse_proxy(files: Path, tmp_path: Path) -> None:
    database = str(tmp_path / "board.sqlite")
    token = tokens(files, database, "--roster", "roster.csv")["s03"]
    with (
        serving(command(database, "--root-path", "/board"), files) as server,
        behind("/board", server.url.removesuffix("/board")) as outside,
        browser() as chromium,
    ):
        visit = Visit(chromium, f"{outside}/board")
        sign_in(visit, f"{outside}/board/", token)
        choose(visit.page, files / "submission.csv")
        visit.page.get_by_role("status").get_by_text("F1 0.90413").wait_for()
        answer = upload(files / "submission.csv", f"{outside}/board", token)
        assert answer["left_today"] == 0
        assert not visit.elsewhere and not visit.failed


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("locale", ["ru-RU", "en-US"])
def test_every_page_fits_both_widths_in_both_languages(
    files: Path, tmp_path: Path, width: int, locale: str
) -> None:
    database = str(tmp_path / "board.sqlite")
    secrets = tokens(files, database, "--roster", "roster.csv")
    teacher = tokens(files, database, "teach", "--teacher")["teach"]
    with serving(command(database, "--gradebook", "gradebook.csv"), files) as server:
        for student in list(secrets)[:12]:
            upload(files / "submission.csv", server.url, secrets[student])
        with browser() as chromium:
            name = f"leaderboard-{width}-{locale[:2]}"
            own = Visit(chromium, server.url, width, locale)
            sign_in(own, server.url, secrets["s03"])
            choose(own.page, files / "roster.csv")
            own.page.wait_for_selector("[role=alert]")
            own.shot(name)
            visit = Visit(chromium, server.url, width, locale)
            sign_in(visit, server.url, teacher)
            visit.page.fill("textarea", "eve, Eve\nзоя, Зоя")
            visit.page.click("form.box button")
            visit.page.wait_for_selector("[role=status]")
            visit.shot(f"{name}-teacher")
            visit.page.get_by_text("Student 3", exact=True).click()
            visit.page.wait_for_selector(".cards")
            visit.shot(f"{name}-person")
            for one in (own, visit):
                assert not one.elsewhere and not one.failed and not one.wide()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--truth", "nowhere.csv"), "there is no such file"),
        (("--truth", "truth.csv", "--public", "submission.csv", "--deadline", "soon"), "no time"),
        (("--truth", "truth.csv", "--db", "oracle://x"), "--db: cannot be used"),
        (("--truth", "truth.csv", "--db", "postgresql://x@127.0.0.1:1/x"), "check --db"),
        (("--truth", "truth.csv", "--host", "203.0.113.7"), "cannot be served"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(files)
    monkeypatch.setenv("AUTOGRADER_LEADERBOARD_DB", str(tmp_path / "board.sqlite"))
    assert run_command(main, "leaderboard", "serve", *words) == 2
    assert message in capsys.readouterr().err
