"""Limits of rates, for tests."""

from __future__ import annotations

from typing import Any

__all__ = ["NO_LIMITS"]

#: The clock of most tests stands still, and buckets with it.
NO_LIMITS: dict[str, Any] = {"rate_project": 0, "rate_address": 0, "rate_person": 0, "rate_ingest": 0}
