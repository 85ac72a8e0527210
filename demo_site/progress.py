"""How far everybody has come, kept in memory: Lantern is a demo, and forgets when it stops.

What has to last, the answers and what was asked, is kept by Tactful.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from demo_site.courses import Course, Lesson

__all__ = ["ProgressBook", "Standing"]

#: Lantern stands on an open port in a demo; nobody may fill its memory with people.
_MOST_PEOPLE = 5_000


@dataclass(slots=True)
class Standing:
    """How far one person has come in one course. `score` is the number of right answers of the last quiz."""

    course: Course
    finished: set[str] = field(default_factory=set)
    score: int | None = None
    certified: bool = False

    @property
    def done(self) -> int:
        """How many lessons are finished."""
        return len(self.finished)

    @property
    def complete(self) -> bool:
        """Whether every lesson is finished."""
        return self.done == len(self.course.lessons)

    @property
    def following(self) -> Lesson | None:
        """The first lesson that is not finished yet."""
        return next((lesson for lesson in self.course.lessons if lesson.key not in self.finished), None)


class ProgressBook:
    """The standing of everybody in every course. The people seen least recently are forgotten first."""

    def __init__(self, most: int = _MOST_PEOPLE) -> None:
        self._most = most
        self._people: OrderedDict[str, dict[str, Standing]] = OrderedDict()

    def standing(self, person: str, course: Course) -> Standing:
        """Return the standing of a person in a course, to read; what is changed in it is kept by `keep`."""
        return self._people.get(person, {}).get(course.key) or Standing(course)

    def keep(self, person: str, standing: Standing) -> None:
        """Keep a person's standing in a course."""
        self._people.setdefault(person, {})[standing.course.key] = standing
        self._people.move_to_end(person)
        while len(self._people) > self._most:
            self._people.popitem(last=False)
