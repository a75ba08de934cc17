"""Texts for learners, in Russian and English, from the gettext catalogues in locale/.

A text is found by its id; <id>.hint is the hint that goes with it. Titles are found by the
English docstring of the check.
"""

import gettext
import io
import locale
import os
import re
from importlib import resources

from autograder.course.tasks import task_named
from autograder.errors import UsageError
from autograder.model import Check, Message, Result

LANGUAGES = ("en", "ru")
MEMBER = "member.failed"
TELLING = 8  # letters without which a text says nothing
GAP = re.compile(r"(\{\w+\})+")
CHOICES = {"mode", "verified", "honest_kind"}  # values that are words of ours, said by id


class Catalogue:
    """The texts of one language."""

    def __init__(self, lang: str, texts: gettext.NullTranslations) -> None:
        self.lang = lang
        self._texts = texts

    @classmethod
    def load(cls, lang: str) -> "Catalogue":
        """Read the compiled catalogue of a language.

        Raises:
            UsageError: there is no such language.
        """
        if lang not in LANGUAGES:
            raise UsageError(f"there is no language {lang!r}; choose one of {', '.join(LANGUAGES)}")
        path = resources.files("autograder") / "locale" / f"{lang}.mo"
        return cls.from_bytes(lang, path.read_bytes())

    @classmethod
    def from_bytes(cls, lang: str, mo: bytes) -> "Catalogue":
        return cls(lang, gettext.GNUTranslations(io.BytesIO(mo)))

    @classmethod
    def chosen(cls, lang: str | None = None) -> "Catalogue":
        """The language asked for, else that of the environment, else English."""
        if lang:
            return cls.load(lang)
        names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
        name = next((name for name in names if name), "") or locale.getlocale()[0] or ""
        return cls.load("ru" if name.lower().startswith("ru") else "en")

    def say(self, id: str, **values: object) -> str:
        """The text of an id with its gaps filled."""
        text = self._texts.gettext(id)
        return text.format(**values) if values else text

    def knows(self, id: str) -> bool:
        """Whether there is a text of that id."""
        return self._texts.gettext(id) != id

    def text(self, message: Message) -> str:
        """What happened."""
        return self._fill(message.id, message)

    def hint(self, message: Message) -> str:
        """What to do about it, or nothing."""
        id = f"{message.id}.hint"
        return "" if self._texts.gettext(id) == id else self._fill(id, message)

    def mistake(self, task: str, id: str) -> tuple[str, str]:
        """Diagnosis and hint of a typical mistake; empty where there is none of that id."""
        key = f"mistake.{task}.{id}"
        texts = (self._texts.gettext(key), self._texts.gettext(f"{key}.hint"))
        return ("", "") if texts[0] == key else texts

    def told(self, report: Result) -> tuple[str, str]:
        """What happened and what to do: of the typical mistake, where one was recognised."""
        message, mistake = report.message, ("", "")
        if message is None:
            return "", ""
        if report.misconception and report.outcome == "failed" and message.id != MEMBER:
            mistake = self.mistake(report.check.task, report.misconception)
        text, hint = self.text(message), self.hint(message)
        if "fits" in message.values:
            fits = self.mistake(report.check.task, str(message.values["fits"]))[0]
            text = f"{text} {self.say('ui.count_fits', diagnosis=fits)}" if fits else text
        if mistake[0]:
            text, hint = f"{text} {self.say('ui.behaves_like', diagnosis=mistake[0])}", mistake[1]
        return text, hint

    def title(self, check: Check) -> str:
        """The promise a check is about."""
        return self._texts.gettext(check.title).format(symbol=check.symbol)

    def _fill(self, id: str, message: Message) -> str:
        values = {key: _plain(value) for key, value in message.values.items()}
        if "check" in values:
            values["check"] = self.check_title(values["check"])
        for key in CHOICES & values.keys():
            values[key] = self._texts.gettext(f"{key}.{values[key]}")
        return self._texts.gettext(id).format_map(values)

    def in_general(self, message: Message) -> str:
        """What happened without the particulars, which a student may have chosen.

        Where a message is nothing but particulars, its hint stands for it.
        """
        for id in (message.id, f"{message.id}.hint"):
            text = self._texts.gettext(id)
            if text != id and sum(map(str.isalpha, GAP.sub("", text))) >= TELLING:
                return GAP.sub("…", text)
        return message.id

    def task_title(self, name: str) -> str:
        """The title of a task."""
        return task_named(name).title[self.lang]

    def lesson(self, name: str) -> str:
        """A block of the lesson: of the catalogues, or the one of a task."""
        key = f"lesson.{name}"
        found = self._texts.gettext(key)
        return task_named(name).lesson[self.lang] if found == key else found

    def check_title(self, id: str) -> str:
        """The promise of a check, found by its id; the id itself where there is no such check."""
        text = self._texts.gettext(f"check.{id}")
        return id if text == f"check.{id}" else text


def _plain(value: object) -> str:
    """Student-controlled text must not steer a terminal, nor GitHub where a line starts with it."""
    text = "".join(c for c in str(value) if c.isprintable())[:400]
    return f"'{text}" if text.lstrip().startswith("::") else text
