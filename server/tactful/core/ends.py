"""What the two ends of a scale are called where a survey does not say; the names are in `core/kinds`."""

from __future__ import annotations

from tactful.core.words import words_for

__all__ = ["end_label"]


def end_label(end: str, language: str) -> str:
    """Name the `end` of a scale in the language nearest to `language`, English otherwise."""
    return words_for(language)[end]
