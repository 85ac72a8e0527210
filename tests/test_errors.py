"""Errors: one small tree, one status each, and the names that the docs list."""

from __future__ import annotations

import pytest

from tactful import errors
from tactful.errors import Busy, CannotStart, Invalid, TactfulError, TooOften, Unauthorized

STATUSES = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "TooLarge": 413,
    "Invalid": 422,
    "TooOften": 429,
    "TooSlow": 408,
    "TactfulError": 500,
    "CannotStart": 500,
    "Busy": 503,
    "StorageFull": 507,
}


def test_every_error_has_its_status_and_its_line_in_the_docs() -> None:
    assert {name: getattr(errors, name).status for name in errors.__all__} == STATUSES
    assert errors.__doc__ is not None
    for name, status in STATUSES.items():
        told = "-" if name == "CannotStart" else str(status)
        assert name == "TactfulError" or any(name in line and told in line for line in errors.__doc__.splitlines())


@pytest.mark.parametrize("name", [name for name in STATUSES if name not in {"Invalid", "TooOften"}])
def test_an_error_carries_what_the_wire_tells(name: str) -> None:
    error = getattr(errors, name)("a_code", "Do this next.", where="there")
    assert isinstance(error, TactfulError)
    assert (error.code, error.message, error.data, str(error)) == (
        "a_code",
        "Do this next.",
        {"where": "there"},
        "Do this next.",
    )


def test_faults_travel_with_a_definition() -> None:
    faults = ({"path": "key", "message": "expected a text"},)
    assert Invalid("invalid_definition", "Two faults.", faults).data == {"faults": list(faults)}


def test_one_error_does_not_change_another() -> None:
    told = Unauthorized("pass_expired", "Expired.")
    told.payload = ["p"]
    told.data["pass"] = "fresh"
    assert not Unauthorized("pass_expired", "Expired.").payload
    assert not Unauthorized("pass_expired", "Expired.").data


def test_who_is_to_come_again_is_told_when() -> None:
    assert dict(Busy("database_busy", "Again.").headers) == {"Retry-After": "2"}
    assert dict(TooOften("too_many_tries", "Later.", 40).headers) == {"Retry-After": "40"}
    assert not CannotStart("no", "No.").headers
