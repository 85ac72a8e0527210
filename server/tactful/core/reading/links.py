"""Readers of addresses that a card leads to or shows: one place that says which of them are safe.

Browsers are lenient where they read an address: they drop tabs and line feeds, take `\\` for `/` and `https:x` for
`https://x`. Whatever they would have to mend is refused here, so that what was checked is what they open. Slots are not
filled in addresses: what a page says of a person must not choose where others are led.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tactful.core.reading.fields import string
from tactful.core.reading.places import At, Reader

__all__ = ["LONGEST_URL", "link_url", "picture_url"]

LONGEST_URL = 2_000

_UNFIT = re.compile(r"""[\s\\<>"`{}]""")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
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
link_url = _address(
    "an address of the web or of mail",
    "write `https://...` or `mailto:...`, without spaces, slots and user names",
    *("http", "https", "mailto"),
)

#: What a card may load: its page may be served by https, where a picture by http would not be shown.
picture_url = _address("the address of a picture", "write `https://...`, without spaces, slots and user names", "https")
