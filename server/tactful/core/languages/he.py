"""Hebrew. Nouns and infinitives, which address nobody as a man or a woman."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "סגירה",
    "back": "חזרה",
    "send": "שליחה",
    "next": "המשך",
    "skip": "דילוג",
    "dont_ask": "לא לשאול שוב",
    "of": "{n} מתוך {max}",
    "thanks": "תודה!",
    "opted_out": "בסדר, לא נשאל שוב.",
    "change": "לשנות זאת",
    "required": "כדי להמשיך צריך להשיב.",
    "least": "יש לבחור לפחות {n}",
    "most": "אפשר לבחור עד {n}",
    "characters_left": "תווים שנותרו: {n}",
    "stars": "{n} מתוך {max} כוכבים",
    "faces": "מאוד לא מרוצה|לא מרוצה|ניטרלי|מרוצה|מאוד מרוצה",
    "up": "אהבתי",
    "down": "לא אהבתי",
    "ranked": "{option}: מקום {n} מתוך {max}",
    "rank_up": "העברה למעלה",
    "rank_down": "העברה למטה",
    "other": "אחר",
    "copy": "העתקה",
    "copied": "הועתק",
    "share": "שיתוף",
    "promise": "תגיע תשובה מאת {by}.",
    "coupon": "קוד קופון",
    "not_likely": "לא סביר כלל",
    "very_likely": "סביר מאוד",
    "very_dissatisfied": "מאוד לא מרוצה",
    "very_satisfied": "מאוד מרוצה",
    "very_difficult": "קשה מאוד",
    "very_easy": "קל מאוד",
}
