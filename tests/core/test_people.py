"""People: since when they count as here, and what the paths of audiences lead into."""

from __future__ import annotations

import pytest

from tactful.core.spans import DAY_MS
from tests.core.examples import NOW, a_person


@pytest.mark.parametrize(
    ("first_seen_at", "created_at", "since"),
    [(NOW, None, NOW), (NOW, NOW - 5, NOW - 5), (NOW, NOW + 5, NOW), (NOW, 0, 0)],
)
def test_somebody_is_here_since_the_earlier_of_two_times(
    first_seen_at: int, created_at: int | None, since: int
) -> None:
    assert a_person(first_seen_at=first_seen_at, created_at=created_at).since == since


@pytest.mark.parametrize(
    ("ago_ms", "age_days"), [(0, 0), (DAY_MS - 1, 0), (DAY_MS, 1), (10 * DAY_MS + 5, 10), (-3 * DAY_MS, 0)]
)
def test_age_is_in_whole_days_and_never_negative(ago_ms: int, age_days: int) -> None:
    person = a_person(first_seen_at=NOW - ago_ms)
    assert person.values(NOW)["person"] == {"known": False, "age_days": age_days}


def test_values_hold_traits_and_account() -> None:
    person = a_person(traits={"plan": "pro"}, account={"seats": 9}, known=True, first_seen_at=NOW)
    assert person.values(NOW) == {
        "traits": {"plan": "pro"},
        "account": {"seats": 9},
        "person": {"known": True, "age_days": 0},
    }
