"""Arabic. Verbal nouns, which have neither gender nor person; numbers stand where no plural depends on them."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "إغلاق",
    "back": "رجوع",
    "send": "إرسال",
    "next": "التالي",
    "skip": "تخطّي",
    "dont_ask": "عدم السؤال مجددًا",
    "of": "{n} من {max}",
    "thanks": "شكرًا لك!",
    "opted_out": "حسنًا، لن نسأل مجددًا.",
    "change": "تغيير هذا",
    "required": "الإجابة مطلوبة للمتابعة.",
    "least": "الحد الأدنى للاختيارات: {n}",
    "most": "الحد الأقصى للاختيارات: {n}",
    "characters_left": "الأحرف المتبقية: {n}",
    "stars": "{n} من {max} نجوم",
    "faces": "غير مُرضٍ إطلاقًا|غير مُرضٍ|محايد|مُرضٍ|مُرضٍ للغاية",
    "up": "أعجبني",
    "down": "لم يعجبني",
    "ranked": "{option}: المرتبة {n} من {max}",
    "rank_up": "نقل لأعلى",
    "rank_down": "نقل لأسفل",
    "other": "غير ذلك",
    "copy": "نسخ",
    "copied": "تم النسخ",
    "share": "مشاركة",
    "promise": "ستصلك رسالة من {by}.",
    "coupon": "رمز الخصم",
    "not_likely": "غير محتمل إطلاقًا",
    "very_likely": "محتمل جدًا",
    "very_dissatisfied": "غير مُرضٍ إطلاقًا",
    "very_satisfied": "مُرضٍ للغاية",
    "very_difficult": "صعب جدًا",
    "very_easy": "سهل جدًا",
}
