"""Our own few words on the card, by language. Everything else on it is the survey's.

They are sent with the survey, so that the bundle carries one language only: the person's. `widget/src/wire.ts` names
the same keys.
"""

from __future__ import annotations

from functools import lru_cache

from tactful.core.texts import choose_language

__all__ = ["words_for"]

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "close": "Close",
        "send": "Send",
        "next": "Next",
        "skip": "Skip",
        "dont_ask": "Don't ask me again",
        "of": "{n} of {max}",
        "thanks": "Thank you!",
        "opted_out": "All right. We won't ask you again.",
        "other": "Other",
    },
    "zh": {
        "close": "关闭",
        "send": "发送",
        "next": "下一步",
        "skip": "跳过",
        "dont_ask": "不再询问我",
        "of": "第 {n} 题，共 {max} 题",
        "thanks": "谢谢！",
        "opted_out": "好的，我们不会再询问您。",
        "other": "其他",
    },
}


@lru_cache(maxsize=1_024)
def _nearest(locale: str) -> str:
    return choose_language({known: known for known in _WORDS}, locale)


def words_for(locale: str) -> dict[str, str]:
    """Return our words in the language nearest to `locale`, English otherwise."""
    return dict(_WORDS[_nearest(locale)])
