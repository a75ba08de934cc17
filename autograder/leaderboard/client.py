"""Upload a file to a leaderboard from a script; sent again after a failure it counts once."""

import json
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autograder.errors import UsageError

TRIES = 4


def upload(path: Path, url: str, token: str, wait: float = 1.0) -> dict[str, Any]:
    """Send a file; the answer holds attempt, f1, points, rank and left_today.

    Raises:
        UsageError: the file cannot be read, the server cannot be reached or refuses it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"--url {url}: give an address such as https://board.example.org")
    key, mark = uuid.uuid4().hex, uuid.uuid4().hex
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n--{mark}\r\n'
        'Content-Disposition: form-data; name="file"; filename="submission.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode() + content + f"\r\n--{mark}--\r\n".encode()  # fmt: skip
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={mark}",
    }
    place = f"{url.rstrip('/')}/api/upload"
    for number in range(TRIES):
        try:
            request = urllib.request.Request(place, body, headers)  # noqa: S310  # http(s) only
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code < 500 or number == TRIES - 1:
                raise UsageError(f"{place}: {_reason(error)}") from None
        except (OSError, ValueError) as error:
            if number == TRIES - 1:
                raise UsageError(
                    f"{place}: no answer ({error}); check the address and try again"
                ) from None
        time.sleep(wait * 2**number)
    raise AssertionError("every try returns or raises")


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the server says {error.code} {error.reason}"
