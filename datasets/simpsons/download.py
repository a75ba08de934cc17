"""Fetch the competition's data from Kaggle, and say what to do where that does not work."""

import importlib
import os
from pathlib import Path
from typing import Any

from simpsons.errors import DataError
from simpsons.source import Source

COMPETITION = "journey-springfield"
RULES = f"https://www.kaggle.com/competitions/{COMPETITION}/rules"
INSTALL = "pip install kagglehub"
CREDENTIALS = (
    "make an API token at https://www.kaggle.com/settings and save it as ~/.kaggle/kaggle.json, "
    "or set KAGGLE_USERNAME and KAGGLE_KEY"
)
ACCEPT = f"log in to Kaggle and accept the rules at {RULES}"
CONNECT = "connect to the network, or try again later"
# Words of the errors that Kaggle's client raises; the types differ from version to version.
NO_CREDENTIALS = ("credential", "unauthenticated", "kaggle.json", "log in", "login")
NO_RULES = ("accept", "rules", "permission", "forbidden")


def download(out: Path) -> Path:
    """Download the data into a folder; returns where Kaggle's client put it.

    Raises:
        DataError: the client is missing, Kaggle refuses, there is no network, or what came is
            not the competition's data; the text lists every step.
    """
    try:
        kagglehub: Any = importlib.import_module("kagglehub")
    except ImportError:
        raise DataError(_help("kagglehub is not installed", INSTALL)) from None
    before = os.environ.get("KAGGLEHUB_CACHE")
    os.environ["KAGGLEHUB_CACHE"] = str(out.absolute())  # the client asks for no other folder
    try:
        found = Path(kagglehub.competition_download(COMPETITION))
    except Exception as error:  # the client has no common error of its own
        problem = f"Kaggle's client: {' '.join(str(error).split())[:300] or repr(error)}"
        raise DataError(_help(problem, _remedy(error))) from None
    finally:
        if before is None:
            del os.environ["KAGGLEHUB_CACHE"]
        else:
            os.environ["KAGGLEHUB_CACHE"] = before
    Source(found)
    return found


def _remedy(error: Exception) -> str:
    """Which step is the one that failed; "" where that cannot be told."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    text = f"{type(error).__name__} {error}".lower()
    if status == 401 or any(word in text for word in NO_CREDENTIALS):
        return CREDENTIALS
    if status == 403 or any(word in text for word in NO_RULES):
        return ACCEPT
    return CONNECT if isinstance(error, OSError) and status is None else ""


def _help(problem: str, remedy: str) -> str:
    steps = [
        INSTALL,
        CREDENTIALS,
        ACCEPT,
        f"simpsons download --out DIR, or download {COMPETITION}.zip in a browser",
    ]
    return "\n".join(
        [
            f"the data cannot be downloaded: {problem}",
            *([f"Do this: {remedy}."] if remedy else []),
            "All steps:",
            *(f"  {number}. {step}" for number, step in enumerate(steps, 1)),
            "Without Kaggle: ask the teacher for class.zip, or draw stand-ins with: "
            "simpsons synthesize --out DIR",
        ]
    )
