"""Readers of a survey's variants: a mapping from a name to its weight and the texts that it says otherwise.

A text has an address: `intro`, `QUESTION.ask` (or what else its kind says), `QUESTION.options.ID`, `thanks.title`
(`text`, `action.label`, `share.text`). It is read as it would be in its own place, so it may be by language, and by
band where the score is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tactful.core.reading.fields import integer, name
from tactful.core.reading.notes import listed, nearest, quoted
from tactful.core.reading.outline import BEFORE_SCORE, Outline, Sketch, seen_from
from tactful.core.reading.places import At, Reader
from tactful.core.reading.questions import QUESTION, label_of
from tactful.core.reading.shapes import Field, Shape, read_fields
from tactful.core.reading.thanks import LABEL, SHARED
from tactful.core.reading.wording import THANKS_TEXT, THANKS_TITLE, intro, text
from tactful.core.surveys import OTHER, TEXT_FIELDS, THANKS_TEXTS, Survey, Variant
from tactful.core.texts import Text

__all__ = ["MOST_VARIANTS", "VARIANT", "refuse_untitled", "variants"]

MOST_VARIANTS = 10
_MOST_WEIGHT = 1_000

_variant_name: Reader[str] = name(
    "[a-z0-9][a-z0-9_-]{0,63}",
    "the name of a variant",
    "up to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit",
)

#: A text of the survey by its address: its reader, and what is known where it stands.
Places = Mapping[str, tuple[Reader[Any], Outline]]


def _places(whole: Outline) -> Places:
    places: dict[str, tuple[Reader[Any], Outline]] = {"intro": (intro, BEFORE_SCORE)}
    for question, sketch in whole.earlier.items():
        here = seen_from(question, whole)
        places |= {f"{question}.{name}": (read, here) for name, read in _said_by(sketch).items()}
    longest = (THANKS_TITLE, THANKS_TEXT, LABEL, SHARED)
    return places | {address: (text(most), whole) for address, most in zip(THANKS_TEXTS, longest, strict=True)}


def _said_by(sketch: Sketch | None) -> dict[str, Reader[Any]]:
    """The texts of one question; all that a question can have where its kind is not known."""
    if sketch is None:
        return {name: QUESTION.fields[name].read for name in TEXT_FIELDS}
    said = {name: QUESTION.fields[name].read for name in TEXT_FIELDS if name == "ask" or name in sketch.kind.fields}
    if OTHER not in sketch.choices:
        said.pop("other", None)  # other words for what nobody may choose would add it
    labels = [f"options.{choice}" for choice in sketch.choices if choice != OTHER]
    return said | dict.fromkeys([*labels, *(["link.label"] if "link" in sketch.written else [])], label_of)


def _texts(at: At) -> Mapping[str, Text] | None:
    if not isinstance(at.value, dict):
        at.expected("texts by their address (a mapping)", "write `{score.ask: ...}`")
        return None
    places = _places(at.outline)
    found = {address: _text(at, address, places) for address in at.value}
    told = {address: one for address, one in found.items() if one is not None}
    return MappingProxyType(told) if len(told) == len(found) else None


def _text(at: At, address: str, places: Places) -> Text | None:
    place = at.within(address)
    if address not in places:
        near = nearest(address, places) or f"; use one of {listed(list(places)[:20])}"
        place.fault(f"{quoted(address)} is not a text of this survey{near}")
        return None
    read, outline = places[address]
    told: Text | None = read(place.under(outline))
    return told


VARIANT = Shape(
    "a variant",
    {"weight": Field(integer(0, _MOST_WEIGHT), to="weight"), "texts": Field(_texts, to="texts")},
)


def variants(at: At) -> tuple[Variant, ...] | None:
    """All variants of a survey, in the order in which they are written."""
    if not isinstance(at.value, dict) or not 0 < len(at.value) <= MOST_VARIANTS:
        at.expected(f"1 to {MOST_VARIANTS} variants (a mapping)", "write `{plain: {weight: 1}, warm: {weight: 1}}`")
        return None
    found = [_variant(at.within(written)) for written in at.value]
    whole = tuple(one for one in found if one is not None)
    if len(whole) < len(found):
        return None
    if not any(one.weight for one in whole):
        at.fault("gives every variant the weight 0; give one of them more, or remove `variants`")
        return None
    return whole


def _variant(at: At) -> Variant | None:
    written = _variant_name(at.holding(at.steps[-1]))
    found = read_fields(at, VARIANT)
    return None if written is None or found is None else Variant(written, **found)


#: What of thanks says nothing by itself, and what it is said beside.
_BESIDE = {"thanks.action.label": "action", "thanks.share.text": "share"}


def refuse_untitled(at: At, survey: Survey) -> None:
    """Note a fault where a variant has a text of thanks that have no title, or of a button that there is not."""
    for variant in survey.variants:
        steps = (*at.steps, "variants", variant.name, "texts")
        if "thanks.text" in variant.texts and not survey.thanks and "thanks.title" not in variant.texts:
            at.notes.fault((*steps, "thanks.text"), "has no title above it; give `thanks.title` too")
        for address, field in _BESIDE.items():
            if address in variant.texts and not any(getattr(one, field) for one in survey.thanks.values()):
                at.notes.fault((*steps, address), f"has nothing to stand on; give `thanks` a `{field}` first")
