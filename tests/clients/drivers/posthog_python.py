"""posthog, by its public settings alone. What it calls otherwise is called as Segment's clients do."""

from __future__ import annotations

import sys
from typing import Any

from driver import drive
from posthog import Posthog

posthog = Posthog(sys.argv[2], host=sys.argv[1], timeout=1, max_retries=10, flush_interval=0.5)


def identify(user_id: str, traits: dict[str, Any]) -> None:
    posthog.set(distinct_id=user_id, properties=traits)


def group(user_id: str, group_id: str, traits: dict[str, Any]) -> None:
    posthog.group_identify("company", group_id, traits, distinct_id=user_id)


def track(user_id: str, event: str, properties: dict[str, Any]) -> None:
    posthog.capture(event, distinct_id=user_id, properties=properties, groups={"company": "acme"})


drive({"identify": identify, "group": group, "track": track, "flush": posthog.flush})
