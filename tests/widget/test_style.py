"""What a page may set of the card's look is what the documentation says it may."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "widget" / "src"


def test_every_property_that_a_page_may_set_is_documented() -> None:
    sheets = [path.read_text(encoding="utf-8") for path in SOURCES.glob("*/style.css")]
    used = {name for sheet in sheets for name in re.findall(r"var\((--tactful-[a-z-]+)", sheet)}
    documented = (ROOT / "server" / "tactful" / "docs" / "surveys.md").read_text(encoding="utf-8")
    assert len(used) > 10
    assert used == set(re.findall(r"`(--tactful-[a-z-]+)`", documented))
