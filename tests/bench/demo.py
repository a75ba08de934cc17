"""The demo under load: ResNet-18, eight visitors at once; latency, start, memory.

Run it as: python tests/bench/demo.py [PREDICTIONS]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import torch
from simpsons import own, run

ROOT = Path(__file__).parents[2]
VISITORS = 8
MODEL = '''"""ResNet-18 as it is."""
from simpsons import own_task
from torch import nn


def build_model(num_classes: int) -> nn.Module:
    return own_task("resnet").ResNet(18, num_classes)
'''


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(
        f"torch {torch.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before"
    )
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder))
        begin = time.perf_counter()
        with server(home) as site:
            started = time.perf_counter() - begin
            picture = next((home / "drawn").rglob("*.jpg"))
            rates(site, picture, started, count)


def make_home(folder: Path) -> Path:
    """A student's folder with a network of ResNet-18's size."""
    from simpsons.synthetic import write_pictures

    home = folder / "06_simpsons"
    shutil.copytree(ROOT / "solutions" / "06_simpsons", home)
    shutil.copytree(ROOT / "solutions" / "04_resnet", folder / "04_resnet")
    (home / "model.py").write_text(MODEL)
    torch.manual_seed(0)
    config = run.Config(64, [0.5] * 3, [0.25] * 3, scores={"honest_f1": 0.9})
    run.save(home / "run", own.build_function(home)(42), config)
    write_pictures(home / "drawn", ["homer_simpson"], 1, 96, 0)
    return home


class server:  # noqa: N801  # used like a function
    """The demo in a process of its own; leaves only when it stopped by itself."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __enter__(self) -> "server":
        self.port = free_port()
        command = [sys.executable, "app.py", "--checkpoint", "run", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=self.home, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}/en"
        wait_for(f"{self.url}/", self.process)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        print(f"stopped with exit code {self.process.wait(30)}")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            if httpx.get(url, timeout=10).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise SystemExit(f"no answer from {url}")


def ask(client: httpx.Client, url: str, path: str, event: str, session: str) -> None:
    """One event of the page, as its script sends it: with the name of the visit."""
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    sent = {"data": [picture], "session_hash": session}
    answer = client.post(f"{url}/gradio_api/run/{event}", json=sent)
    if answer.status_code != 200:
        raise SystemExit(f"{event}: {answer.text[:300]}")


def rates(site: "server", picture: Path, started: float, count: int) -> None:
    url = site.url

    def visitor(event: str, times: list[float], number: int) -> None:
        with httpx.Client(timeout=60) as client:
            sent = client.post(f"{url}/gradio_api/upload", files={"files": picture.read_bytes()})
            path, session = sent.json()[0], uuid.uuid4().hex
            for _ in range(number):
                begin = time.perf_counter()
                ask(client, url, path, event, session)
                times.append(time.perf_counter() - begin)

    print(f"start to first page: {started:.1f} s")
    for event, number in (("recognize", 400), ("heatmap", 200)):
        for visitors in (1, VISITORS):
            told(f"{event}, {visitors} at once", together(visitor, event, visitors, number))
    before = site.megabytes()
    cpu = site.cpu_seconds()
    for done in range(0, count, 500):
        together(visitor, "recognize", VISITORS, 500)
        print(f"memory after {done + 500} more predictions: {site.megabytes():.0f} MB")
    cpu = site.cpu_seconds() - cpu
    print(f"processor time of a prediction in the server: {1000 * cpu / count:.0f} ms")
    print(f"memory grew by {site.megabytes() - before:.1f} MB over {count} predictions")


def together(
    visitor: Callable[[str, list[float], int], None], event: str, visitors: int, number: int
) -> list[float]:
    times: list[float] = []
    threads = [
        threading.Thread(target=visitor, args=(event, times, number // visitors))
        for _ in range(visitors)
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"  {len(times) / (time.perf_counter() - begin):.0f} a second")
    return times


def told(what: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=20)
    print(
        f"{what}: n {len(times)}, median {1000 * statistics.median(times):.0f} ms, "
        f"p95 {1000 * cuts[-1]:.0f} ms"
    )


if __name__ == "__main__":
    main()
