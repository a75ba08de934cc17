"""A report's receipt: says where its commits come from, and shows whether it was edited since.

The digest is of all that decides: commits, deadlines, seeds, versions, points, and how every check
ended, without timings and in no language. Published, it lets anyone see that a report is the one
that was given out. The signature is over the whole file; it takes the course's key to check it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.errors import UsageError
from autograder.model import canonical, digest

LABEL = "autograder/receipt/v1"  # makes the key of receipts another than that of seeds
PUBLISHED = "receipts.txt"


def receipt(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The receipt of a report's JSON; without a key that lasts it is not signed."""
    found = digest(data)
    signed = {name: value for name, value in data.items() if name != "receipt"}
    return {
        "id": found[:16],
        "digest": found,
        "key": _hmac(key, f"{LABEL}/name")[:8] if key else None,
        "signature": _hmac(_hmac(key, LABEL), canonical(_timeless(signed))) if key else None,
    }


def _timeless(data: Mapping[str, Any]) -> dict[str, Any]:
    """A report without how long its checks took."""
    tasks = [
        {
            **task,
            "checks": [{k: v for k, v in c.items() if k != "seconds"} for c in task["checks"]],
        }
        for task in data["tasks"]
    ]
    return {**data, "tasks": tasks}


def _hmac(key: str, text: str | bytes) -> str:
    own = text.encode() if isinstance(text, str) else text
    return hmac.new(key.encode(), own, hashlib.sha256).hexdigest()


def verify(data: Mapping[str, Any], key: str) -> bool:
    """Whether a report is as it was signed.

    Raises:
        UsageError: it carries no signature, or one by another key.
    """
    given = data.get("receipt") or {}
    if not given.get("signature"):
        raise UsageError(
            "the report is not signed: set AUTOGRADER_KEY, or use --out, when grading; "
            f"--published {PUBLISHED} checks it without a signature"
        )
    right = receipt(data, key)
    if hmac.compare_digest(str(given["signature"]), str(right["signature"])):
        return given == right
    if given.get("key") != right["key"]:
        raise UsageError("signed with another key: set AUTOGRADER_KEY to the one of that grading")
    return False


def edited(data: Mapping[str, Any], key: str) -> bool:
    """Whether a report was surely edited after it was signed with this key."""
    try:
        return not verify(data, key)
    except UsageError:
        return False


def published(path: Path) -> set[str]:
    """The digests in a list that was published.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return set(path.read_text(encoding="utf-8-sig").split())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
