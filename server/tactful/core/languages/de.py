"""German. Infinitives and nouns, so that nobody is addressed by the wrong pronoun."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "Schließen",
    "back": "Zurück",
    "send": "Senden",
    "next": "Weiter",
    "skip": "Überspringen",
    "dont_ask": "Nicht mehr fragen",
    "of": "{n} von {max}",
    "thanks": "Vielen Dank!",
    "opted_out": "In Ordnung. Wir fragen nicht mehr.",
    "change": "Das ändern",
    "required": "Zum Fortfahren bitte antworten.",
    "least": "Mindestens {n} auswählen",
    "most": "Höchstens {n} auswählen",
    "characters_left": "Noch {n} Zeichen",
    "stars": "{n} von {max} Sternen",
    "faces": "Sehr unzufrieden|Unzufrieden|Neutral|Zufrieden|Sehr zufrieden",
    "up": "Daumen hoch",
    "down": "Daumen runter",
    "ranked": "{option}: Platz {n} von {max}",
    "rank_up": "Nach oben",
    "rank_down": "Nach unten",
    "other": "Etwas anderes",
    "copy": "Kopieren",
    "copied": "Kopiert",
    "share": "Teilen",
    "promise": "{by} meldet sich.",
    "coupon": "Gutscheincode",
    "not_likely": "Sehr unwahrscheinlich",
    "very_likely": "Sehr wahrscheinlich",
    "very_dissatisfied": "Sehr unzufrieden",
    "very_satisfied": "Sehr zufrieden",
    "very_difficult": "Sehr schwierig",
    "very_easy": "Sehr einfach",
}
