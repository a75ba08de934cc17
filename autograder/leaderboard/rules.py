"""What the teacher decides about a leaderboard: the table [leaderboard] of course.toml."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder.course.settings import tables
from autograder.errors import UsageError

CHOICES = {
    "policy": ("best", "last"),
    "final": ("public", "private"),
    "ties": ("earlier", "shared"),
}


@dataclass(frozen=True)
class Rules:
    """How uploads are counted.

    deadline: local time of the zone, "2026-12-24 23:59"; none if empty. daily_limit: uploads a day
    that are scored. policy: which attempt of a student counts. final: the part that ranks and
    gives points once the private part is revealed. ties: who uploaded earlier stands higher, or
    both share the rank. digits: of F1, at most 5. ladder: by how much an upload must beat the best
    one before it for its score to be told; 0 tells every score. max_kb: size of a file.
    """

    timezone: str = "Europe/Moscow"
    deadline: str = ""
    daily_limit: int = 5
    policy: str = "best"
    final: str = "public"
    ties: str = "earlier"
    digits: int = 5
    ladder: float = 0.0
    max_kb: int = 2048

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"[leaderboard] {name} is one of {', '.join(choices)}")
        if not 1 <= self.digits <= 5:
            raise UsageError("[leaderboard] digits is a number from 1 to 5")
        if self.daily_limit < 1 or self.max_kb < 1 or not 0 <= self.ladder < 1:
            raise UsageError(
                "[leaderboard] daily_limit and max_kb are at least 1, ladder is a part of 1"
            )
        _ = self.zone, self.closes

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(
                f'[leaderboard] timezone: there is no {self.timezone!r}; write "Europe/Moscow"'
            ) from None

    @property
    def closes(self) -> float | None:
        """The deadline in seconds since 1970."""
        if not self.deadline:
            return None
        try:
            local = datetime.fromisoformat(self.deadline)
        except ValueError:
            raise UsageError(
                f'[leaderboard] deadline: {self.deadline!r} is no time; write "2026-12-24 23:59"'
            ) from None
        return (local if local.tzinfo else local.replace(tzinfo=self.zone)).timestamp()

    def day(self, now: float) -> tuple[float, float]:
        """When the day of a moment begins and ends in the course's time zone."""
        local = datetime.fromtimestamp(now, self.zone)
        start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return start.timestamp(), (start + timedelta(days=1)).timestamp()

    def time(self, moment: float) -> str:
        return f"{datetime.fromtimestamp(moment, self.zone):%d.%m. %H:%M}"

    def shown(self, f1: Fraction) -> str:
        """F1 cut, not rounded: 0.96999 is not 0.97."""
        scale = 10**self.digits
        return f"{f1 * scale // 1 / scale:.{self.digits}f}"


def read_rules(course: Path, **given: Any) -> Rules:
    """The rules in a course.toml, where nothing else is given.

    Raises:
        UsageError: there is no such setting, or its value cannot be used.
    """
    settings = tables(course.parent).get("leaderboard", {})
    return with_settings(Rules(), settings | {k: v for k, v in given.items() if v is not None})


def with_settings(rules: Rules, settings: dict[str, Any]) -> Rules:
    """The rules with some of them replaced; every value has the type of the default."""
    kinds = {field.name: type(getattr(rules, field.name)) for field in fields(rules)}
    for name, value in settings.items():
        if name not in kinds:
            raise UsageError(f"[leaderboard] there is no {name}; use {', '.join(kinds)}")
        fits = isinstance(value, kinds[name]) and not isinstance(value, bool)
        if not fits and not (kinds[name] is float and value in (0, 1)):
            raise UsageError(f"[leaderboard] {name}: {value!r} is no {kinds[name].__name__}")
    return replace(rules, **settings)
