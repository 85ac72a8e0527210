from __future__ import annotations

import pytest

from demo_site.people import CAST, Person, new_learner, new_visitor, person_of, sign


def test_a_logged_in_person_is_signed_as_tactful_checks_it() -> None:
    secret = "0123456789abcdef0123456789abcdef0123456789abcdef"
    person = Person("u_42", "Ada", "", user_id="u_42")
    assert sign(person, secret) == "ba04fb02ea8afcb26b3e94f767da89be1610fb33f03e3bfa33eddc764a29eb00"


def test_a_visitor_is_nobody_to_sign() -> None:
    assert sign(new_visitor(), "secret") is None


def test_whoever_was_made_is_found_again_by_the_cookie() -> None:
    for person in (*CAST.values(), new_learner(), new_visitor()):
        assert person_of(person.key) == person


def test_nobody_is_made_twice() -> None:
    assert len({new_learner().key for _ in range(50)} | {new_visitor().key for _ in range(50)}) == 100


@pytest.mark.parametrize(
    "key", [None, "", "admin", "learner-", "learner-123", "visitor-ABCDEF123456", "learner-0123456789ab\n"]
)
def test_a_cookie_that_lantern_did_not_write_names_nobody(key: str | None) -> None:
    assert person_of(key) is None


def test_one_of_the_cast_reads_chinese_and_all_have_traits_to_choose_by() -> None:
    assert "zh" in {person.locale for person in CAST.values()}
    assert all(person.traits.keys() == {"name", "plan", "role", "age", "locale"} for person in CAST.values())
