"""The leaderboard under load: fifty uploads of 991 rows at once; none lost, none counted twice.

Run it as: python tests/bench/leaderboard.py [ROUNDS]
"""

import csv
import io
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import httpx
from simpsons import CLASSES

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.helpers.servers import Server, postgres, serving

UPLOADS, ROWS = 50, 991
AUTOGRADER = (sys.executable, "-m", "autograder.cli", "leaderboard")


def main() -> None:
    """Measure and print, for SQLite and where it is installed for PostgreSQL."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    for name in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory() as folder, database(name, folder) as url:
            measure(name, Path(folder), url, rounds)


@contextmanager
def database(name: str, folder: str) -> Iterator[str]:
    with nullcontext(f"{folder}/board.sqlite") if name == "SQLite" else postgres() as url:
        yield url


def measure(name: str, folder: Path, url: str, rounds: int) -> None:
    content = prepare(folder, rounds)
    line = [*AUTOGRADER, "token", "--roster", "roster.csv", "--db", url]
    text = subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True).stdout
    tokens = [row["token"] for row in csv.DictReader(io.StringIO(text))]
    times: list[float] = []
    errors: list[int] = []
    begin = time.perf_counter()
    line = [*AUTOGRADER, "serve", "--truth", "truth.csv", "--db", url, "--port", "0"]
    with serving(line, folder) as server:
        print(f"{name}: started in {time.perf_counter() - begin:.1f} s")
        for _ in range(rounds):
            together(server, tokens, content, times, errors)
        total = sum(left(server, token, rounds) for token in tokens)
        print(f"  stopped with exit code {server.stop()}")
    cuts = statistics.quantiles(times, n=20)
    print(
        f"  {UPLOADS} uploads at once, {rounds} times: n {len(times)}, errors {len(errors)}, "
        f"counted {total} of {UPLOADS * rounds}, median {1000 * statistics.median(times):.0f} ms, "
        f"p95 {1000 * cuts[-1]:.0f} ms, most {1000 * max(times):.0f} ms"
    )


def prepare(folder: Path, rounds: int) -> bytes:
    """The teacher's files, and what everybody uploads."""
    rows = [f"img{n}.jpg,{CLASSES[n % 42]}" for n in range(ROWS)]
    content = "\n".join(["Id,Expected", *rows]).encode()
    (folder / "truth.csv").write_bytes(content)
    names = "".join(f"s{n},Student {n}\n" for n in range(UPLOADS))
    (folder / "roster.csv").write_text(f"student_id,name\n{names}")
    (folder / "course.toml").write_text(
        f'[course]\nname = "bench"\nlanguages = ["en"]\n[leaderboard]\ndaily_limit = {rounds + 1}\n'
    )
    return content


def send(client: httpx.Client, server: Server, token: str, content: bytes) -> httpx.Response:
    return client.post(
        f"{server.url}/api/upload",
        headers={"Authorization": f"Bearer {token}"},
        files={"file": ("submission.csv", content)},
        data={"key": uuid.uuid4().hex},
    )


def together(
    server: Server, tokens: list[str], content: bytes, times: list[float], errors: list[int]
) -> None:
    barrier = threading.Barrier(len(tokens))

    def one(token: str) -> None:
        with httpx.Client(timeout=60) as client:
            client.get(f"{server.url}/health")
            barrier.wait()
            begin = time.perf_counter()
            status = send(client, server, token, content).status_code
            times.append(time.perf_counter() - begin)
            if status != 200:
                errors.append(status)

    threads = [threading.Thread(target=one, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def left(server: Server, token: str, rounds: int) -> int:
    """How many uploads of somebody were counted, by what is left of the limit."""
    with httpx.Client(timeout=60) as client:
        page = client.post(f"{server.url}/sign-in", data={"token": token}, follow_redirects=True)
    return rounds + 1 - int(page.text.split("Uploads left today<b>")[1].split("<")[0])


if __name__ == "__main__":
    main()
