"""Readers of addresses that a card leads to or shows: one place that says which of them are safe.

Browsers are lenient where they read an address: they drop tabs and line feeds, take `\\` for `/` and `https:x` for
`https://x`. Whatever they would have to mend is refused here, so that what was checked is what they open. What a page
says of a person must not choose where anybody is led: an address has no slots, or has them behind its host alone, where
`core/texts.fill_url` keeps each value one word.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tactful.core.reading.fields import string
from tactful.core.reading.places import At, Reader
from tactful.core.texts import SLOT

__all__ = ["LONGEST_URL", "link_url", "picture_url", "slotted_url"]

LONGEST_URL = 2_000

_UNFIT = re.compile(r"""[\s\\<>"`{}]""")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
#: An address whose slots, if it has any, stand behind its host or its mailbox.
_SLOTS_BEHIND = re.compile(r"https?://[^/?#{]*(?:[/?#].*)?|mailto:[^?{]*(?:\?.*)?", re.IGNORECASE)
_WHAT = "an address of the web or of mail"
_LINKS = ("http", "https", "mailto")
_MAILBOX = re.compile(r"[^@,]+@[^@,]+")


def _leads(url: str, schemes: tuple[str, ...]) -> bool:
    if _UNFIT.search(url) or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in schemes:
        return False
    if parts.scheme == "mailto":
        return not parts.netloc and _MAILBOX.fullmatch(parts.path) is not None
    # A name before the host only makes it look like another one: https://bank.example@evil.example
    return _HOST.fullmatch(host) is not None and "@" not in parts.netloc


def _address(what: str, advice: str, *schemes: str) -> Reader[str]:
    read_text = string(LONGEST_URL)

    def read(at: At) -> str | None:
        told = read_text(at)
        if told is None or _leads(told, schemes):
            return told
        at.expected(what, advice)
        return None

    return read


#: Where a click may lead: to the web or to mail, and to nothing that a browser would run.
link_url = _address(_WHAT, "write `https://...` or `mailto:...`, without spaces, slots and user names", *_LINKS)

#: What a card may load: its page may be served by https, where a picture by http would not be shown.
picture_url = _address("the address of a picture", "write `https://...`, without spaces, slots and user names", "https")

_read_text = string(LONGEST_URL)


def slotted_url(at: At) -> str | None:
    """The same with slots behind the host, or behind the `?` of a mail's; as it is written, slots and all."""
    told = _read_text(at)
    if told is None:
        return None
    if not _leads(SLOT.sub("x", told), _LINKS):
        at.expected(_WHAT, "write `https://...` or `mailto:...`, without spaces and user names")
    elif not _SLOTS_BEHIND.fullmatch(told):
        at.fault("has a slot in its host or before it; values may stand behind it alone")
    else:
        return told
    return None
