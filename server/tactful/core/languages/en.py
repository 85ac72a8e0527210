"""English."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "Close",
    "back": "Back",
    "send": "Send",
    "next": "Next",
    "skip": "Skip",
    "dont_ask": "Don't ask me again",
    "of": "{n} of {max}",
    "thanks": "Thank you!",
    "opted_out": "All right. We won't ask you again.",
    "change": "Change this",
    "required": "Please answer to continue.",
    "least": "Choose at least {n}",
    "most": "Choose up to {n}",
    "characters_left": "Characters left: {n}",
    "stars": "{n} of {max} stars",
    "faces": "Very dissatisfied|Dissatisfied|Neutral|Satisfied|Very satisfied",
    "up": "Thumbs up",
    "down": "Thumbs down",
    "ranked": "{option}: place {n} of {max}",
    "rank_up": "Move up",
    "rank_down": "Move down",
    "other": "Other",
    "copy": "Copy",
    "copied": "Copied",
    "share": "Share",
    "promise": "{by} will get back to you.",
    "coupon": "Your code",
    "not_likely": "Not at all likely",
    "very_likely": "Extremely likely",
    "very_dissatisfied": "Very dissatisfied",
    "very_satisfied": "Very satisfied",
    "very_difficult": "Very difficult",
    "very_easy": "Very easy",
}
