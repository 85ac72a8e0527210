"""Simplified Chinese."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "关闭",
    "back": "上一步",
    "send": "提交",
    "next": "下一步",
    "skip": "跳过",
    "dont_ask": "不再询问",
    "of": "第 {n} 题，共 {max} 题",
    "thanks": "谢谢！",
    "opted_out": "好的，我们不会再询问您。",
    "change": "更改",
    "required": "请先回答此问题。",
    "least": "请至少选择 {n} 项",
    "most": "最多可选 {n} 项",
    "characters_left": "还可输入 {n} 字",
    "stars": "{n} 星（共 {max} 星）",
    "faces": "非常不满意|不满意|一般|满意|非常满意",
    "up": "赞",
    "down": "踩",
    "ranked": "{option}：第 {n} 位，共 {max} 位",
    "rank_up": "上移",
    "rank_down": "下移",
    "other": "其他",
    "copy": "复制",
    "copied": "已复制",
    "share": "分享",
    "promise": "{by} 会与您联系。",
    "coupon": "优惠码",
    "not_likely": "完全不可能",
    "very_likely": "非常可能",
    "very_dissatisfied": "非常不满意",
    "very_satisfied": "非常满意",
    "very_difficult": "非常困难",
    "very_easy": "非常容易",
}
