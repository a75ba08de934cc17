"""The leaderboard: what counts, for whom and when; what it refuses; what nobody may see."""

import csv
import io
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from simpsons import CLASSES

from autograder.errors import UsageError
from autograder.leaderboard.rules import Rules, read_rules

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")
from fastapi.testclient import TestClient

from autograder.leaderboard.app import make_app
from autograder.leaderboard.board import Board
from autograder.leaderboard.marking import Marker
from autograder.leaderboard.storage import Store, give_token
from autograder.leaderboard.teacher_pages import POINTS, push, read_people

COUNT = 100  # pictures; the first 80 are the public part
TRUTH = {f"img{n}": CLASSES[n % 42] for n in range(COUNT)}
NOON = datetime.fromisoformat("2026-03-10T12:00+03:00").timestamp()
DAY = 24 * 3600


def table(right: int, private: int = 20) -> bytes:
    """A submission with so many right answers in the public and the private part."""
    good = {*range(right), *range(80, 80 + private)}
    rows = [
        f"img{n}.jpg,{TRUTH[f'img{n}'] if n in good else CLASSES[(n + 1) % 42]}"
        for n in range(COUNT)
    ]
    return "\n".join(["Id,Expected", *rows]).encode()


class Somebody:
    """A browser, or a script with the token."""

    def __init__(self, app: Any, token: str) -> None:
        self.token = token
        self.web = TestClient(app, follow_redirects=True)

    def enter(self) -> Any:
        return self.web.post("/sign-in", data={"token": self.token})

    def csrf(self) -> str:
        found = re.search('name="csrf" value="(\\w+)"', self.web.get("/").text)
        return found.group(1) if found else ""

    def form(self, place: str, **values: Any) -> Any:
        return self.web.post(place, data={"csrf": self.csrf()} | values)

    def send(self, content: bytes, key: str = "", **more: Any) -> Any:
        key = key or uuid.uuid4().hex
        headers = {"Authorization": f"Bearer {self.token}"}
        files = {"file": ("submission.csv", content)}
        return self.web.post("/api/upload", files=files, data={"key": key}, headers=headers, **more)


@dataclass
class World:
    """A running leaderboard with a clock that the test turns."""

    board: Board
    app: Any
    tokens: dict[str, str]
    now: float = NOON

    def who(self, name: str) -> Somebody:
        return Somebody(self.app, self.tokens[name])

    def ranks(self) -> list[tuple[int | None, str]]:
        with self.board.store.read() as db:
            return [(r.rank, r.participant.student_id) for r in self.board.rows(db, self.now)]

    def points(self) -> dict[str, int]:
        return {student: points for student, _, points in self.board.points(self.now)}


Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    stores = []

    def build(private: bool = True, **rules: Any) -> World:
        truth, public = tmp_path / "truth.csv", tmp_path / "public.csv"
        truth.write_text("Id,Expected\n" + "".join(f"{k},{v}\n" for k, v in TRUTH.items()))
        public.write_text("Id\n" + "".join(f"img{n}\n" for n in range(80)))
        store = Store(str(tmp_path / "board.sqlite"))
        stores.append(store)
        marker = Marker(truth, public if private else None)
        board = Board(store, marker, Rules(**rules))
        board.rescore()
        with store.write() as db:
            tokens = {
                name: give_token(db, name, shown)
                for name, shown in (("ann", "Ann"), ("bob", "<script>alert(1)</script>"))
            }
            tokens["teach"] = give_token(db, "teach", "Teacher", teacher=True)
        world = World(board, None, tokens)
        world.app = make_app(board, lambda: world.now, tmp_path / "gradebook.csv")
        return world

    yield build
    for store in stores:
        store.close()


def test_a_student_signs_in_uploads_and_sees_rank_and_points(make: Make) -> None:
    world = make()
    ann, bob = world.who("ann"), world.who("bob")
    assert bob.send(table(70)).json()["rank"] == 1
    page = ann.enter().text
    assert "Uploads left today<b>5</b>" in page
    key = re.search('name="key" value="(\\w+)"', page)
    assert key
    files = {"file": ("anything.csv", table(78))}
    data = {"csrf": ann.csrf(), "key": key.group(1)}
    page = ann.web.post("/upload", data=data, files=files).text
    assert "Scored: F1 0.97500, points 15." in page
    assert "Rank<b>1</b>" in page and "Uploads left today<b>4</b>" in page
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page
    page = ann.web.get("/", params={"lang": "ru"}).text
    assert "Осталось попыток сегодня<b>4</b>" in page
    assert "Выйти" in ann.web.get("/").text  # the choice is remembered


@pytest.mark.parametrize(
    ("policy", "rank"), [("best", [(1, "ann"), (2, "bob")]), ("last", [(1, "bob"), (2, "ann")])]
)
def test_best_or_last_attempt_counts(make: Make, policy: str, rank: list[tuple[int, str]]) -> None:
    world = make(policy=policy)
    world.who("bob").send(table(60))
    world.who("ann").send(table(79))
    world.who("ann").send(table(50))
    assert world.ranks() == rank


def test_equal_scores_stand_by_time_or_share_a_rank(make: Make) -> None:
    world = make()
    for name in ("bob", "ann"):
        world.who(name).send(table(70))
    assert world.ranks() == [(1, "bob"), (2, "ann")]
    object.__setattr__(world.board.rules, "ties", "shared")
    assert world.ranks() == [(1, "bob"), (1, "ann")]


def test_the_same_upload_sent_twice_counts_once(make: Make) -> None:
    ann = make().who("ann")
    first = ann.send(table(70), key="once-and-again").json()
    again = ann.send(table(70), key="once-and-again").json()
    assert again == first and again["left_today"] == 4
    other = ann.send(table(71), key="once-and-again")
    assert other.status_code == 409 and other.json()["reason"] == "board.key_used"


def test_the_daily_limit_ends_at_midnight_of_the_course(make: Make) -> None:
    world = make(daily_limit=2, timezone="Europe/Moscow")
    ann = world.who("ann")
    world.now = NOON + 12 * 3600 - 60  # 23:59 in Moscow, still the same day in London
    assert [ann.send(table(n)).status_code for n in (1, 2, 3)] == [200, 200, 409]
    assert "2 uploads a day" in ann.send(table(3)).json()["error"]
    world.now += 120
    assert ann.send(table(3)).status_code == 200


def test_turning_the_clock_back_gives_no_attempts(make: Make) -> None:
    world = make(daily_limit=1)
    ann = world.who("ann")
    assert ann.send(table(1)).status_code == 200
    for turned in (-DAY, -30 * DAY, 0):
        world.now = NOON + turned
        assert ann.send(table(2)).status_code == 409
    world.now = NOON + DAY
    assert ann.send(table(2)).status_code == 200


def test_the_deadline_closes_reveals_and_stays(make: Make) -> None:
    world = make(deadline="2026-03-11 12:00", final="private")
    ann, bob = world.who("ann"), world.who("bob")
    ann.send(table(79, private=0))
    bob.send(table(60, private=20))
    page = ann.enter().text
    assert "Private F1" not in page and world.ranks() == [(1, "ann"), (2, "bob")]
    world.now = NOON + DAY
    page = ann.web.get("/").text
    assert "Private F1" in page and "The deadline has passed" in page
    assert world.ranks() == [(1, "bob"), (2, "ann")] and world.points() == {"ann": 0, "bob": 15}
    assert ann.send(table(80)).json()["reason"] == "board.closed"
    world.now = NOON  # somebody turns the clock back
    assert ann.send(table(80)).json()["reason"] == "board.closed"


def test_points_are_those_of_the_public_part_unless_told(make: Make) -> None:
    world = make(deadline="2026-03-11 12:00")
    world.who("ann").send(table(78, private=0))
    world.now = NOON + DAY
    assert world.points() == {"ann": 15, "bob": 0}


def test_the_ladder_tells_only_clear_improvements(make: Make) -> None:
    world = make(ladder=0.05, daily_limit=10)
    ann = world.who("ann")
    told = [ann.send(table(n)).json()["f1"] for n in (40, 41, 43, 44, 20)]
    assert told == ["0.50000", "0.50000", "0.50000", "0.55000", "0.55000"]


def test_f1_is_cut_never_rounded_up(make: Make) -> None:
    world = make(private=False, digits=1)
    answer = world.who("ann").send(table(79, private=20)).json()
    assert answer["f1"] == "0.9" and answer["points"] == 15


BAD = {
    "nothing": b"",
    "header only": b"Id,Expected\n",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0",
    "utf-16": "Id,Expected\n".encode("utf-16"),
    "html": b"<html><script>alert(1)</script>",
    "a row missing": table(80).rpartition(b"\n")[0],
    "a row twice": table(80) + b"\nimg3.jpg,bart_simpson",
    "unknown class": table(80).replace(b"bart_simpson", b"bart"),
    "unknown picture": table(80).replace(b"img7.jpg", b"img7000.jpg"),
    "no class": table(80).replace(b"bart_simpson", b""),
    "endless cell": b'Id,Expected\nimg0,"' + b"x" * 200_000,
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_told_and_cost_no_attempt(make: Make, name: str) -> None:
    world = make()
    ann = world.who("ann")
    ann.enter()
    files = {"file": ("submission.csv", BAD[name])}
    answer = ann.web.post("/upload", data={"csrf": ann.csrf(), "key": "k" * 20}, files=files)
    assert answer.status_code == 422 and "no attempt is used up" in answer.text
    assert "Uploads left today<b>5</b>" in answer.text and "<script>" not in answer.text
    script = ann.send(BAD[name])
    assert script.status_code == 422 and "submission.csv" in script.json()["error"]
    assert world.ranks() == []


def test_a_body_too_large_is_refused(make: Make) -> None:
    world = make(max_kb=64)
    ann = world.who("ann")
    for size in (65, 5000):
        answer = ann.send(b"x" * (size << 10))
        assert answer.status_code in (409, 413) and answer.json()["reason"] == "board.too_large"
    ann.enter()
    files = {"file": ("submission.csv", b"x" * (5000 << 10))}
    assert "larger than 64 KB" in ann.web.post("/upload", files=files).text


def test_nobody_sees_another_ones_file(make: Make) -> None:
    world = make()
    ann, bob, teacher = (world.who(name) for name in ("ann", "bob", "teach"))
    number = ann.send(table(70)).json()["attempt"]
    for somebody in (ann, bob, teacher):
        somebody.enter()
    assert ann.web.get(f"/attempts/{number}.csv").content == table(70)
    assert bob.web.get(f"/attempts/{number}.csv").status_code == 404
    assert teacher.web.get(f"/attempts/{number}.csv").status_code == 200
    assert TestClient(world.app).get(f"/attempts/{number}.csv").status_code == 401


def test_students_are_no_teachers(make: Make) -> None:
    world = make()
    ann = world.who("ann")
    ann.enter()
    for place in ("/teacher", "/teacher/people/2", "/teacher/board.csv", "/teacher/points.csv"):
        assert ann.web.get(place).status_code == 403
    for place in ("/teacher/tokens", "/teacher/hide", "/teacher/renew", "/teacher/push"):
        assert ann.form(place, people="eve", person=1).status_code == 403
    assert set(world.points()) == {"ann", "bob"}


def test_forms_of_other_sites_and_sessions_are_refused(make: Make) -> None:
    world = make()
    ann, bob = world.who("ann"), world.who("bob")
    bob.enter()
    stolen = bob.csrf()
    ann.enter()
    files = {"file": ("submission.csv", table(80))}
    for csrf in ("", "0" * 64, stolen):
        data = {"csrf": csrf, "key": "k" * 20}
        assert ann.web.post("/upload", data=data, files=files).status_code == 403
    data = {"csrf": ann.csrf(), "key": "k" * 20}
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert ann.web.post("/upload", data=data, files=files, headers=cross).status_code == 403
    assert ann.web.post("/sign-in", data={"token": ann.token}, headers=cross).status_code == 403
    assert world.ranks() == []


def test_a_stolen_token_or_cookie_ends_with_a_new_token(make: Make) -> None:
    world = make()
    ann, thief, teacher = world.who("ann"), world.who("ann"), world.who("teach")
    thief.enter()
    teacher.enter()
    page = teacher.form("/teacher/renew", person=1).text
    ann.token = re.findall("<code>(\\w{40})</code>", page)[0]
    assert thief.web.get("/").status_code == 401
    assert thief.enter().status_code == 401 and thief.send(table(1)).status_code == 401
    assert ann.enter().status_code == 200


def test_a_cookie_is_dead_after_signing_out_and_after_two_weeks(make: Make) -> None:
    world = make()
    ann = world.who("ann")
    header = (
        TestClient(world.app, follow_redirects=False)
        .post("/sign-in", data={"token": ann.token})
        .headers["set-cookie"]
    )
    assert "HttpOnly" in header and "SameSite=lax" in header
    ann.enter()
    replayed = dict(ann.web.cookies)
    world.now += 15 * DAY
    assert ann.web.get("/").status_code == 401
    world.now = NOON
    assert ann.web.get("/").status_code == 200
    ann.form("/sign-out")
    assert TestClient(world.app, cookies=replayed).get("/").status_code == 401


def test_guessing_tokens_is_slowed_down(make: Make) -> None:
    world = make()
    guesser = Somebody(world.app, "wrong")
    answers = [guesser.enter().status_code for _ in range(25)]
    assert answers[0] == 401 and answers[-1] == 429
    world.now += 61
    assert world.who("ann").enter().status_code == 200


def test_a_teacher_makes_tokens_hides_and_exports(make: Make, tmp_path: Path) -> None:
    world = make()
    ann, bob, teacher = (world.who(name) for name in ("ann", "bob", "teach"))
    bob.send(table(80))
    ann.send(table(78))
    ann.send(table(79))
    teacher.enter()
    page = teacher.form("/teacher/tokens", people='=1+1,"@SUM(A1)"\nзоя, Зоя').text
    assert len(re.findall("<code>(\\w{40})</code>", page)) == 2
    assert "stands there twice" in teacher.form("/teacher/tokens", people="a\na").text
    teacher.form("/teacher/hide", person=2)
    assert world.ranks() == [(1, "ann")]
    teacher.form("/teacher/hide", attempt=3)
    assert ann.web.get("/api").status_code == 404
    rows = list(csv.DictReader(io.StringIO(teacher.web.get("/teacher/board.csv").text)))
    assert [(r["rank"], r["student_id"], r["public_f1"], r["hidden"]) for r in rows] == [
        ("", "bob", "1.00000", "1"),
        ("1", "ann", "0.97500", "0"),
    ]
    text = teacher.web.get("/teacher/points.csv").text
    assert "'=1+1,simpsons,0" in text and "ann,simpsons,15" in text
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text("student_id,task,points\nann,vgg,10\nann,simpsons,1\n")
    assert "4 students" in teacher.form("/teacher/push").text
    assert gradebook.read_text().splitlines()[:3] == [
        ",".join(POINTS), "ann,vgg,10", "ann,simpsons,15",
    ]  # fmt: skip


def test_a_file_that_is_no_gradebook_stays(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="not a table of student_id,task,points"):
        push(other, [("ann", "simpsons", 3)])
    assert other.read_text() == "a,b\n1,2\n"


def test_everything_is_scored_again_when_the_truth_changes(make: Make, tmp_path: Path) -> None:
    world = make()
    world.who("ann").send(table(78))
    truth = tmp_path / "truth.csv"
    corrected = dict(TRUTH) | {"img0": CLASSES[5]}
    truth.write_text("Id,Expected\n" + "".join(f"{k},{v}\n" for k, v in corrected.items()))
    board = Board(world.board.store, Marker(truth, tmp_path / "public.csv"), Rules())
    assert (board.rescore(), board.rescore()) == (1, 0)
    with board.store.read() as db:
        assert [board.rules.shown(r.told.f1) for r in board.rows(db, NOON)] == ["0.96250"]


def test_answers_carry_safe_headers_and_health_needs_no_token(make: Make) -> None:
    web = TestClient(make().app)
    answer = web.get("/health")
    assert answer.text == "ok\n"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert web.get("/style.css").headers["content-type"].startswith("text/css")
    assert web.get("/", headers={"Accept-Language": "ru,en"}).text.count("Вход") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('daily_limit = "5"', "daily_limit"),
        ("daily_limit = 0", "at least 1"),
        ('deadline = "tomorrow"', "is no time"),
        ('timezone = "Springfield"', "there is no 'Springfield'"),
        ('policy = "median"', "policy is one of best, last"),
        ("colour = 1", "there is no colour"),
        ("[", "cannot be read"),
    ],
)
def test_wrong_rules_are_told(tmp_path: Path, text: str, message: str) -> None:
    course = tmp_path / "course.toml"
    course.write_text(f"[leaderboard]\n{text}\n")
    with pytest.raises(UsageError, match=message):
        read_rules(course)


@pytest.mark.parametrize(
    "content",
    [
        b"ann, Ann Lee\n\nbob,Bob\n",
        b"name,email,student_id\nAnn Lee,x,ann\nBob,y,bob\n",
        b"sep=;\r\nstudent_id;name;email;note;;\r\nann;Ann Lee;a@x.org;ill;;\r\nbob;Bob;;;;\r\n",
        "student_id\tname\nann\tAnn Lee\nbob\tBob\n".encode("utf-16"),
    ],
)
def test_lists_of_students(content: bytes) -> None:
    assert read_people(content) == [("ann", "Ann Lee"), ("bob", "Bob")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ann;Ann Lee;ann@x.org;is often ill\n", "more than an id and a name"),
        ("ann,ann@x.org\n", "more than an id and a name"),
        ('"ann;Ann Lee;ann@x.org"\n', "no student_id"),
    ],
)
def test_private_cells_never_become_names(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_people(text.encode())
