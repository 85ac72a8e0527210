"""How pages write numbers, times and other people's text.

Text that a respondent or a backend sent is text in every sink: the templates escape it, and what escaping does not
cover is covered here. Control characters are dropped, since browsers treat some as the end of a document, and
direction overrides are taken out of one-line places (a window's title) where no markup can contain them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime

from markupsafe import Markup, escape

from tactful.core.kinds import Kind
from tactful.core.results import Figure

__all__ = [
    "ago",
    "ahead",
    "answers",
    "band_label",
    "bounds",
    "clean",
    "coded",
    "date",
    "day",
    "excerpt",
    "figure",
    "kind_label",
    "one_line",
    "percent",
    "signed",
    "span",
    "stamp",
]

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_ACRONYMS = ("nps", "csat", "ces")
_LONG_TEXT = 600
_EXCERPT = 420
_EXCERPT_LINES = 8
_JOINERS = "\u200d\ufe0e\ufe0f"

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

#: Groups of people are named in the plural where English has one; any other band by its own name.
_PLURALS = {"detractor": "Detractors", "passive": "Passives", "promoter": "Promoters"}


def clean(value: object) -> object:
    """Drop control characters from a text; anything else, markup of our own included, passes."""
    return _CONTROLS.sub("", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def one_line(text: str) -> str:
    """Return the text for a place without markup: one line, and no character that turns the direction."""
    return " ".join(_DIRECTIONS.sub("", str(clean(text))).split())


def coded(text: str) -> Markup:
    """Escape a message of ours and make code of what stands between backticks."""
    parts = str(clean(text)).split("`")
    if len(parts) % 2 == 0:  # one of the backticks is somebody's own
        return escape("`".join(parts))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(one) if at % 2 else escape(one) for at, one in enumerate(parts))


def excerpt(text: str) -> str | None:
    """Return the beginning of a long text, cut between words if it has any; None if it is short enough as it is."""
    lines = text.split("\n", _EXCERPT_LINES)
    short = "\n".join(lines[:_EXCERPT_LINES])
    if len(short) > _LONG_TEXT:
        head = short[:_EXCERPT]
        words = re.match(r"(?s)(.{300,})\s", head)
        return words[1] if words else _whole_characters(short, _EXCERPT)
    return short if len(lines) > _EXCERPT_LINES else None


def _whole_characters(text: str, cut: int) -> str:
    """Cut before a base character, so that no accent or joined emoji is torn (looking back 64 characters at most)."""
    for at in range(cut, cut - 64, -1):
        if not (unicodedata.combining(text[at]) or text[at] in _JOINERS or text[at - 1] in _JOINERS):
            return text[:at]
    return text[:cut]


def number(value: float) -> str:
    """Write a count: whole numbers with thin groups (12 345), weights with one decimal."""
    return f"{value:,}".replace(",", "\u202f") if float(value).is_integer() else f"{value:,.1f}"


def _rounded(value: float) -> int:
    """Halves go away from zero, as people round and so that a score and its mirror agree."""
    return int(math.copysign(math.floor(round(abs(value), 9) + 0.5), value))


def answers(n: float) -> str:
    """`1 answer`, `12 answers`."""
    return f"{number(n)} {'answer' if n == 1 else 'answers'}"


def percent(share: float) -> str:
    """Write a share 0..1 in whole percent, without rounding something to nothing or nearly all to all."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{_rounded(100 * share)}%"


def figure(value: float, unit: str) -> str:
    """Write one value of a score: points with their sign, percent, or one decimal of a scale."""
    if unit == "points":
        return f"{_rounded(value):+}".replace("-", "\N{MINUS SIGN}") if _rounded(value) else "0"
    return percent(value / 100) if unit == "percent" else f"{value:.1f}"


def signed(value: float, unit: str) -> str:
    """Write a difference of two scores: with its sign, without a unit."""
    if unit == "scale":
        text = f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
        return "0" if text[1:] == "0.0" else text
    return figure(value, "points")


def bounds(shown: Figure) -> tuple[str, str]:
    """The ends of the interval: `("+29", "+58")`."""
    return figure(shown.interval.low, shown.unit), figure(shown.interval.high, shown.unit)


def band_label(band: str) -> str:
    """Name a band for people."""
    return _PLURALS.get(band, band.replace("_", " ").capitalize())


def kind_label(kind: str) -> str:
    """Name a kind of question for people: `NPS`, `Rating`."""
    return kind.upper() if kind in _ACRONYMS else kind.capitalize()


def band_range(kind: Kind, band: str) -> str:
    """`0\N{EN DASH}6`: the scores that fall in a band."""
    index = [known.name for known in kind.bands].index(band)
    first = kind.bands[index - 1].highest + 1 if index else kind.lowest
    last = kind.bands[index].highest
    return str(last) if first == last else f"{first}\N{EN DASH}{last}"


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def date(at_ms: int) -> str:
    """`21 Nov 2026, 21:20 UTC`."""
    at = _utc(at_ms)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def day(written: str) -> str:
    """A day, written YYYY-MM-DD, for people: `24 Dec 2026`."""
    at = datetime.fromisoformat(written)
    return f"{at.day} {at:%b} {at.year}"


def stamp(at_ms: int) -> str:
    """The time for a machine (RFC 3339)."""
    return _utc(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(at_ms: int, now_ms: int) -> str:
    """Say how long ago, for a week; then the date."""
    past = max(0, now_ms - at_ms)
    if past < _MINUTE:
        return "just now"
    for unit, length, until in (("minute", _MINUTE, _HOUR), ("hour", _HOUR, _DAY), ("day", _DAY, 7 * _DAY)):
        if past < until:
            many = past // length
            return f"{many} {unit}{'' if many == 1 else 's'} ago"
    at = _utc(at_ms)
    return f"{at.day} {at:%b %Y}"


def span(length_ms: int) -> str:
    """Say how long something lasts, in its largest unit: `3 seconds`, `2 days`."""
    units = (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1_000))
    for unit, length in units:
        if length_ms >= length:
            many = length_ms // length
            return f"{many} {unit}{'' if many == 1 else 's'}"
    return "less than a second"


def ahead(at_ms: int, now_ms: int) -> str:
    """Say in what time: `in 3 days`, rounded up, so that nobody comes too early; `now` if it is over."""
    left = at_ms - now_ms
    if left <= 0:
        return "now"
    for unit, length, until in (
        ("second", 1_000, _MINUTE),
        ("minute", _MINUTE, _HOUR),
        ("hour", _HOUR, 2 * _DAY),
        ("day", _DAY, 10_000 * _DAY),
    ):
        many = -(-left // length)
        if many * length < until:
            return f"in {many} {unit}{'' if many == 1 else 's'}"
    return "never"
