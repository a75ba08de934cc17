"""Plain `pytest` checks your work: all of it, or one task in its own folder."""

from pathlib import Path

import pytest

WORK = Path(__file__).resolve().parent / "assignments"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Run the course's checks, unless other tests are named on the command line."""
    named = [Path(name).resolve() for name in config.option.file_or_dir]
    place = named[0] if named else Path.cwd().resolve()
    ours = place == WORK or (place.parent == WORK and place.is_dir())
    if config.option.submission is None and len(named) < 2 and (ours or not named):
        config.option.submission = str(place if ours else WORK)
