"""Spans of time: what people write, and that writing and reading undo each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.spans import DAY_MS, FOREVER, HOUR_MS, MINUTE_MS, SECOND_MS, format_span, parse_span


@pytest.mark.parametrize(
    ("written", "span_ms"),
    [
        ("0s", 0),
        ("500ms", 500),
        ("2s", 2 * SECOND_MS),
        ("30m", 30 * MINUTE_MS),
        ("48h", 48 * HOUR_MS),
        ("90d", 90 * DAY_MS),
        ("2w", 14 * DAY_MS),
        ("3660d", 3_660 * DAY_MS),
        ("forever", FOREVER),
    ],
)
def test_spans_are_read_in_milliseconds(written: str, span_ms: int) -> None:
    assert parse_span(written) == span_ms


@pytest.mark.parametrize(
    "written",
    ["", "7", "d", "7 d", " 7d", "7d\n", "-7d", "1.5h", "7D", "7y", "1d12h", "3661d", "9999999999ms", "٣d", "Forever"],
)
def test_what_is_no_span_is_told_apart(written: str) -> None:
    assert parse_span(written) is None


@pytest.mark.parametrize(
    ("span_ms", "written"),
    [
        (0, "0s"),
        (1, "1ms"),
        (1_500, "1500ms"),
        (60_000, "1m"),
        (90_000, "90s"),
        (14 * DAY_MS, "14d"),
        (FOREVER, "forever"),
    ],
)
def test_spans_are_written_in_their_largest_whole_unit(span_ms: int, written: str) -> None:
    assert format_span(span_ms) == written


@given(st.integers(0, 999_999_999), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_what_was_read_is_written_so_that_it_reads_the_same(count: int, unit: str) -> None:
    span_ms = parse_span(f"{count}{unit}")
    if span_ms is not None:
        assert parse_span(format_span(span_ms)) == span_ms


@given(st.text())
def test_any_text_is_a_span_or_none(written: str) -> None:
    span_ms = parse_span(written)
    assert span_ms is None or 0 <= span_ms <= FOREVER
