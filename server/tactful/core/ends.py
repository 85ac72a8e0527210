"""What the two ends of a scale are called where a survey does not say, by language; the names are in `core/kinds`."""

from __future__ import annotations

from functools import lru_cache

from tactful.core.texts import choose_language

__all__ = ["end_label"]

_ENDS: dict[str, dict[str, str]] = {
    "en": {
        "not_likely": "Not at all likely",
        "very_likely": "Extremely likely",
        "very_dissatisfied": "Very dissatisfied",
        "very_satisfied": "Very satisfied",
        "very_difficult": "Very difficult",
        "very_easy": "Very easy",
    },
    "zh": {
        "not_likely": "完全不可能",
        "very_likely": "非常可能",
        "very_dissatisfied": "非常不满意",
        "very_satisfied": "非常满意",
        "very_difficult": "非常困难",
        "very_easy": "非常容易",
    },
}


@lru_cache(maxsize=1_024)
def end_label(end: str, language: str) -> str:
    """Name the `end` of a scale in the language nearest to `language`, English otherwise."""
    return _ENDS[choose_language({known: known for known in _ENDS}, language)][end]
