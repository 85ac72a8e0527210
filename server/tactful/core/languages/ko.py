"""Korean, in 합니다체 and 해요체 as products mix them. No particle follows what is inserted."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "닫기",
    "back": "이전",
    "send": "보내기",
    "next": "다음",
    "skip": "건너뛰기",
    "dont_ask": "다시 묻지 않기",
    "of": "{max}개 중 {n}번째",
    "thanks": "감사합니다!",
    "opted_out": "알겠습니다. 다시 묻지 않겠습니다.",
    "change": "변경하기",
    "required": "계속하려면 답변이 필요합니다.",
    "least": "{n}개 이상 선택해 주세요",
    "most": "최대 {n}개까지 선택해 주세요",
    "characters_left": "{n}자 남음",
    "stars": "별점 {max}점 중 {n}점",
    "faces": "매우 불만족|불만족|보통|만족|매우 만족",
    "up": "좋아요",
    "down": "별로예요",
    "ranked": "{option}: {max}개 중 {n}위",
    "rank_up": "위로 이동",
    "rank_down": "아래로 이동",
    "other": "기타",
    "copy": "복사",
    "copied": "복사됨",
    "share": "공유",
    "promise": "연락드리겠습니다. – {by}",
    "coupon": "쿠폰 코드",
    "not_likely": "전혀 그렇지 않음",
    "very_likely": "매우 그러함",
    "very_dissatisfied": "매우 불만족",
    "very_satisfied": "매우 만족",
    "very_difficult": "매우 어려움",
    "very_easy": "매우 쉬움",
}
