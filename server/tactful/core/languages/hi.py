"""Hindi, with आप; a promise is in the passive, which has no gender."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "बंद करें",
    "back": "वापस",
    "send": "भेजें",
    "next": "आगे",
    "skip": "छोड़ें",
    "dont_ask": "फिर न पूछें",
    "of": "{max} में से {n}",
    "thanks": "धन्यवाद!",
    "opted_out": "ठीक है। हम फिर नहीं पूछेंगे।",
    "change": "इसे बदलें",
    "required": "आगे बढ़ने के लिए उत्तर ज़रूरी है।",
    "least": "कम से कम {n} चुनें",
    "most": "ज़्यादा से ज़्यादा {n} चुनें",
    "characters_left": "शेष अक्षर: {n}",
    "stars": "{max} में से {n} स्टार",
    "faces": "बहुत असंतुष्ट|असंतुष्ट|सामान्य|संतुष्ट|बहुत संतुष्ट",
    "up": "पसंद आया",
    "down": "पसंद नहीं आया",
    "ranked": "{option}: {max} में से स्थान {n}",
    "rank_up": "ऊपर ले जाएँ",
    "rank_down": "नीचे ले जाएँ",
    "other": "अन्य",
    "copy": "कॉपी करें",
    "copied": "कॉपी हो गया",
    "share": "शेयर करें",
    "promise": "{by} की ओर से आपसे संपर्क किया जाएगा।",
    "coupon": "कूपन कोड",
    "not_likely": "बिल्कुल संभावना नहीं",
    "very_likely": "बहुत अधिक संभावना",
    "very_dissatisfied": "बहुत असंतुष्ट",
    "very_satisfied": "बहुत संतुष्ट",
    "very_difficult": "बहुत कठिन",
    "very_easy": "बहुत आसान",
}
