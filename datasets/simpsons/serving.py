"""Run a page as a server: one JSON line a request, limits, safe headers, a graceful stop."""

import json
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from simpsons.errors import DataError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOG = logging.getLogger("simpsons.serving")
STOP_SECONDS = 5  # for requests under way
DRAINED = 256 << 20  # of a body that is too large: a browser shows the answer only after it
QUIET = ("/health", "/assets", "/static", "/gradio_api/heartbeat")


class JsonLines(logging.Formatter):
    """A log record as a line of JSON, which no text in it can break."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log(event: str, **facts: object) -> None:
    """Log something that happened, with its facts as fields."""
    LOG.info(event, extra={"facts": facts})


class Guard:
    """ASGI: refuses bodies above a size, adds headers, logs requests with their time.

    too_large: the answer to such a body.
    """

    def __init__(self, app: App, headers: dict[str, str], max_body: int, too_large: App) -> None:
        self._app, self._max, self._too_large = app, max_body, too_large
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message.get("headers", ())}
                added = [pair for pair in self._headers if pair[0] not in own]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        try:
            body = _Body(receive, self._max, _length(scope))
            if body.announced_too_large:
                await body.drain()
                await self._too_large(scope, receive, sending)
            else:
                await self._app(scope, body.receive, sending)
        finally:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if status >= 400 or not path.startswith(QUIET):
                milliseconds = round(1000 * (time.perf_counter() - start), 1)
                log("request", method=scope["method"], path=path, status=status, ms=milliseconds)


class _Body:
    """A request's body that ends where it grows too large."""

    def __init__(self, receive: Receive, limit: int, announced: int) -> None:
        self._receive, self._limit = receive, limit
        self._seen = 0
        self.announced_too_large = announced > limit

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            return {"type": "http.disconnect"}  # without a length announced: no browser does this
        return message

    async def drain(self) -> None:
        """Read and forget, up to a limit."""
        seen, more = 0, True
        while more and seen < DRAINED:
            message = await self._receive()
            seen += len(message.get("body", b""))
            more = bool(message.get("more_body")) and message["type"] == "http.request"


def _length(scope: Scope) -> int:
    text = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
    return int(text) if text.isdigit() else 0


def serve(app: App, host: str, port: int, root_path: str = "", proxies: str = "127.0.0.1") -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way are answered first.

    Raises:
        DataError: the port is taken, or is none of this machine's.
    """
    import socket

    import uvicorn

    try:
        listening = socket.create_server((host, port), backlog=2048)
    except (OSError, OverflowError) as error:
        raise DataError(
            f"{host}:{port} cannot be served ({error}); choose another --port"
        ) from None
    # asyncio overlooks it on a socket made elsewhere: answers in two parts took 40 ms more.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "uvicorn.access", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        root_path=root_path,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )
    # The server stops by itself and then repeats the signal, which must not cut off what follows.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    log("listening", url=f"http://{host}:{port}{root_path}/")
    uvicorn.Server(config).run([listening])
    log("stopped")
