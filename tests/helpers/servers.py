"""Servers, a database and a browser for tests of pages; what the system lacks is skipped."""

import functools
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import HANG

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def lacking(what: str) -> None:
    """Skip with the reason; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


class Server:
    """A command that serves pages, and its log of JSON lines; port 0 must be in the command."""

    def __init__(self, command: Sequence[object], folder: Path) -> None:
        self.log: list[dict[str, Any]] = []
        self.other: list[str] = []
        self.process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        self._listening = threading.Event()
        self.url = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listening.wait(HANG) or not self.url:
            self.kill()
            raise AssertionError(f"the server did not start: {self.other}")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.other.append(line)
                continue
            if self.log[-1]["event"] == "listening":
                self.url = self.log[-1]["url"].rstrip("/")
                self._listening.set()
        self._listening.set()

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(HANG)
        self.kill()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(HANG)
        self._reader.join(HANG)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def megabytes(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def serving(command: Sequence[object], folder: Path) -> Iterator[Server]:
    server = Server(command, folder)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def behind(prefix: str, url: str) -> Iterator[str]:
    """A reverse proxy that shows a server below a prefix, as the documents configure nginx."""
    passed = ("content-length", "content-type", "content-encoding", "location", "set-cookie")

    class Proxy(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name != "Connection"}
            headers |= {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.removeprefix(prefix)
            if path == self.path:
                self.send_error(404)
                return
            request = client.build_request(self.command, url + path, headers=headers, content=body)
            answer = client.send(request, stream=True)
            content = b"".join(answer.iter_raw())
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                if name in passed and name != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _pass_on  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            pass

    listening = ("127.0.0.1", 0)
    with httpx.Client(timeout=HANG) as client, ThreadingHTTPServer(listening, Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()


@functools.cache
def _postgres_tool(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(places[-1]) if places else "")


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a fresh database in a server of its own, reached by a socket only."""
    if not _postgres_tool("initdb") or not _postgres_tool("pg_ctl"):
        lacking("PostgreSQL is not installed (initdb, pg_ctl)")
    # It refuses to run as root.
    who: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if who:
        shutil.chown(folder, **who)

    def call(tool: str, *words: str) -> None:
        command = [_postgres_tool(tool), *words]
        plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PGCTLTIMEOUT": f"{HANG:.0f}"}
        subprocess.run(command, check=True, cwd=folder, env=plain, stdout=subprocess.DEVNULL, **who)

    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses= -c shared_buffers=16MB"
    try:
        call("initdb", "-D", data, "-U", "board", "-A", "trust", "-E", "UTF8", "--no-sync")
        call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://board@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium of the system, steered by Playwright."""
    api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        lacking("no Chromium is installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"], timeout=1000 * HANG
        )
        yield chromium
        chromium.close()


class Visit:
    """A page of a browser that must neither ask elsewhere nor run into an error."""

    def __init__(self, chromium: Any, url: str, width: int = 1280, locale: str = "en-US") -> None:
        viewport = {"width": width, "height": 900}
        self.context = chromium.new_context(viewport=viewport, locale=locale)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * HANG)
        self.elsewhere: list[str] = []
        self.failed: list[str] = []
        self.url = url
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.failed.append(str(error)))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def wide(self) -> bool:
        """Whether one must scroll sideways."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        )

    def shot(self, name: str) -> None:
        """A picture to look at, where the environment names a folder for them."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)
