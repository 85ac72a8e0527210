"""What Lantern teaches and says, read from content/LANGUAGE/*.yaml at its start, which a fault in a file stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

__all__ = ["LANGUAGES", "Course", "Lesson", "Question", "load_courses", "load_words"]

#: Lantern's languages; the first one is that in which its words are written.
LANGUAGES = ("en", "zh")

_CONTENT = Path(__file__).parent / "content"
_WORDS = "words.yaml"


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of a lesson: exactly one of its fields is given."""

    p: str | None = None
    h: str | None = None
    steps: list[str] | None = None
    tip: str | None = None
    figure: str | None = None
    caption: str | None = None
    alt: str | None = None


class Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to read in a few minutes, and one thing to try."""

    key: str
    title: str
    minutes: int
    summary: str
    body: list[Block]
    practice: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of a quiz; `right` counts the options from 0."""

    ask: str
    options: list[str]
    right: int
    because: str


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short course: lessons to read in order, then a quiz, then a certificate."""

    key: str
    title: str
    tagline: str
    about: str
    level: str
    teacher: str
    outcomes: list[str]
    lessons: list[Lesson]
    quiz: list[Question]

    @property
    def minutes(self) -> int:
        """How long the lessons take together."""
        return sum(lesson.minutes for lesson in self.lessons)

    def place_of(self, key: str) -> int | None:
        """Count from 0 where in the course a lesson stands; None if it is not part of it."""
        return next((place for place, lesson in enumerate(self.lessons) if lesson.key == key), None)


def load_courses(language: str) -> dict[str, Course]:
    """Read every course in one language, in the order of the files' names."""
    paths = [path for path in sorted((_CONTENT / language).glob("*.yaml")) if path.name != _WORDS]
    courses = [msgspec.convert(_read(path), Course) for path in paths]
    return {course.key: course for course in courses}


def load_words(language: str) -> dict[str, str]:
    """Read Lantern's own words in one language, by the English text. A text that is missing stays English."""
    path = _CONTENT / language / _WORDS
    return msgspec.convert(_read(path), dict[str, str]) if path.exists() else {}


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
