"""Traditional Chinese, in the words of Taiwan, which Hong Kong and Macao read as well."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "關閉",
    "back": "上一步",
    "send": "送出",
    "next": "下一步",
    "skip": "略過",
    "dont_ask": "不再詢問",
    "of": "第 {n} 題，共 {max} 題",
    "thanks": "謝謝！",
    "opted_out": "好的，我們不會再詢問您。",
    "change": "變更",
    "required": "請先回答此問題。",
    "least": "請至少選擇 {n} 項",
    "most": "最多可選 {n} 項",
    "characters_left": "還可輸入 {n} 字",
    "stars": "{n} 顆星（共 {max} 顆星）",
    "faces": "非常不滿意|不滿意|普通|滿意|非常滿意",
    "up": "讚",
    "down": "倒讚",
    "ranked": "{option}：第 {n} 名，共 {max} 名",
    "rank_up": "上移",
    "rank_down": "下移",
    "other": "其他",
    "copy": "複製",
    "copied": "已複製",
    "share": "分享",
    "promise": "{by} 會與您聯絡。",
    "coupon": "優惠碼",
    "not_likely": "完全不可能",
    "very_likely": "非常可能",
    "very_dissatisfied": "非常不滿意",
    "very_satisfied": "非常滿意",
    "very_difficult": "非常困難",
    "very_easy": "非常容易",
}
