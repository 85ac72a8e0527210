"""Values in, HTML out: the one template environment of all pages.

Whatever a template prints is escaped and passes `formats.clean`, so no text can be forgotten; a name that was not
given is an error and never an empty place.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tactful.core.results import ENOUGH, FEWEST
from tactful.web import formats
from tactful.web.assets import asset

__all__ = ["AFTER_LABELS", "render"]

#: The best band, the worst band and what lies between have a tone and a sign each.
_SIGNS = {
    "best": "\N{BLACK UP-POINTING TRIANGLE}",
    "middle": "\N{BLACK DIAMOND}",
    "worst": "\N{BLACK DOWN-POINTING TRIANGLE}",
}
_RATES = {
    "seen": "Saw the card",
    "responded": "Responded",
    "dismissed": "Dismissed it",
    "opted_out": "Opted out",
    "ignored": "Did nothing",
}
#: What people did after the thanks, in words.
AFTER_LABELS = {
    "action": "Followed the link",
    "share": "Shared the text",
    "copy": "Copied the text",
    "coupon": "Copied the coupon",
}

_FILTERS = (
    "ago",
    "ahead",
    "answers",
    "band_label",
    "coded",
    "date",
    "day",
    "excerpt",
    "kind_label",
    "number",
    "one_line",
    "percent",
    "span",
    "stamp",
)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=formats.clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(formats, name) for name in _FILTERS}
    environment.globals |= {
        "asset": asset,
        "signs": _SIGNS,
        "rate_labels": _RATES,
        "after_labels": AFTER_LABELS,
        "band_range": formats.band_range,
        "few": FEWEST,
        "enough": ENOUGH,
    }
    return environment


def render(template: str, **values: Any) -> str:
    """Render a template as a whole document. Raises `jinja2.UndefinedError` where it needs a value not given."""
    return _environment().get_template(template).render(**values)
