"""Sticky draws: who is in a sample, and that nothing but who somebody is decides it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.decide import Moment, Refusal, share_of
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Trigger
from tests.core.examples import NOW, OPEN, a_person, a_survey, an_ask, decided

DAY = DAY_MS


class TestShares:
    """Samples and the holdout: sticky, near their share, and independent of one another."""

    PEOPLE = tuple(f"user-{number}" for number in range(4_000))

    @pytest.mark.parametrize(
        ("parts", "share"),
        [
            (("sample", "nps", "ann"), 0.5631625904479272),
            (("sample", "nps", "bob"), 0.1507240214481906),
            (("holdout", "ann"), 0.3477669755831973),
        ],
    )
    def test_a_share_is_the_same_in_every_release(self, parts: tuple[str, ...], share: float) -> None:
        assert share_of(*parts) == share, "another hash would draw every running sample anew"

    def test_parts_do_not_run_into_each_other(self) -> None:
        assert len({share_of("a", "bc"), share_of("ab", "c"), share_of("abc")}) == 3

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
    def test_a_share_lies_in_its_range(self, parts: list[str]) -> None:
        assert 0 <= share_of(*parts) < 1

    def _sampled(self, key: str, share: float) -> set[str]:
        survey = a_survey(key, sample=share)
        return {one for one in self.PEOPLE if not decided(survey, OPEN, a_person(sample_key=one))}

    def _held_out(self, share: float) -> set[str]:
        policy = replace(OPEN, holdout=share)
        return {one for one in self.PEOPLE if decided(a_survey(), policy, a_person(sample_key=one))}

    @pytest.mark.parametrize("share", [0.0, 0.01, 0.25, 0.5, 0.9, 1.0])
    def test_a_sample_and_a_holdout_are_near_their_share(self, share: float) -> None:
        tolerance = 4 * (share * (1 - share) / len(self.PEOPLE)) ** 0.5
        assert len(self._sampled("nps", share)) / len(self.PEOPLE) == pytest.approx(share, abs=tolerance)
        assert len(self._held_out(share)) / len(self.PEOPLE) == pytest.approx(share, abs=tolerance)

    def test_the_edge_of_a_share_lies_outside_it(self) -> None:
        at_edge = share_of("sample", "nps", "ann")
        assert decided(a_survey(sample=at_edge), OPEN, a_person()) == (Refusal("sample"),)
        held_at_edge = replace(OPEN, holdout=share_of("holdout", "ann"))
        assert decided(a_survey(), held_at_edge, a_person()) == ()

    def test_whoever_is_in_a_share_stays_in_when_it_grows(self) -> None:
        for small, large in pairwise((0.0, 0.1, 0.3, 0.8, 1.0)):
            assert self._sampled("nps", small) <= self._sampled("nps", large)
            assert self._held_out(small) <= self._held_out(large)

    def test_two_samples_and_the_holdout_are_independent(self) -> None:
        first, second, held_out = self._sampled("nps", 0.5), self._sampled("csat", 0.5), self._held_out(0.5)
        for one, other in ((first, second), (first, held_out), (second, held_out)):
            assert len(one & other) / len(self.PEOPLE) == pytest.approx(0.25, abs=0.03)

    def test_the_draw_follows_the_person_and_nothing_that_changes(self) -> None:
        half = a_survey(sample=0.5)
        for key in self.PEOPLE[:50]:
            before = bool(decided(half, OPEN, a_person(sample_key=key)))
            changed = a_person(sample_key=key, known=True, traits={"plan": "pro"}, asks=(an_ask(5),))
            renamed = replace(half, name="Renamed", priority=9, trigger=Trigger())
            assert bool(decided(renamed, OPEN, changed, Moment(NOW + 90 * DAY))) == before
