"""Japanese, in です・ます."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "閉じる",
    "back": "戻る",
    "send": "送信",
    "next": "次へ",
    "skip": "スキップ",
    "dont_ask": "今後表示しない",
    "of": "{max}問中{n}問目",
    "thanks": "ありがとうございました。",
    "opted_out": "承知しました。今後は表示しません。",
    "change": "変更する",
    "required": "続けるには回答が必要です。",
    "least": "{n}個以上選択してください",
    "most": "{n}個まで選択できます",
    "characters_left": "残り{n}文字",
    "stars": "星{n}個（{max}個中）",
    "faces": "非常に不満|不満|どちらともいえない|満足|非常に満足",
    "up": "良い",
    "down": "良くない",
    "ranked": "{option}：{max}件中{n}位",
    "rank_up": "上へ移動",
    "rank_down": "下へ移動",
    "other": "その他",
    "copy": "コピー",
    "copied": "コピーしました",
    "share": "共有",
    "promise": "{by}よりご連絡いたします。",
    "coupon": "クーポンコード",
    "not_likely": "まったく思わない",
    "very_likely": "とてもそう思う",
    "very_dissatisfied": "非常に不満",
    "very_satisfied": "非常に満足",
    "very_difficult": "非常に難しい",
    "very_easy": "非常に簡単",
}
