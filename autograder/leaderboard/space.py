"""A folder with which a Hugging Face Space (Docker) serves the leaderboard."""

from pathlib import Path

from simpsons.errors import DataError
from simpsons.space import copy_packages, new_folder, requirements

from autograder.errors import UsageError

NEEDS = (
    "fastapi", "uvicorn", "python-multipart", "sqlalchemy", "psycopg[binary]", "tzdata", "jinja2",
    "typer", "rich", "numpy", "pillow", "scikit-learn",
)  # fmt: skip
README = """---
title: Leaderboard
sdk: docker
app_port: 7860
---

The leaderboard of a class. Put truth.csv (and public.csv) into the persistent storage, /data.
"""
DOCKERFILE = """FROM python:3.11-slim
RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=user . .
USER user
ENV AUTOGRADER_LEADERBOARD_DB=/data/leaderboard.sqlite
CMD exec python -m autograder.cli leaderboard serve --truth /data/truth.csv \\
    $(test -f /data/public.csv && echo --public /data/public.csv) \\
    --gradebook /data/points.csv --host 0.0.0.0 --port 7860 --proxies '*'
"""


def write_space(out: Path, course: Path) -> None:
    """Write the packages, the course's settings, and how to start.

    Raises:
        UsageError: out holds something already, or cannot be written.
    """
    try:
        new_folder(out)
        copy_packages(out)
        (out / "course.toml").write_bytes(course.read_bytes())
        (out / "requirements.txt").write_text(requirements(NEEDS), "utf-8")
        (out / "Dockerfile").write_text(DOCKERFILE, "utf-8")
        (out / "README.md").write_text(README, "utf-8")
    except DataError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from None
