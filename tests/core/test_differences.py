"""Differences of two texts: nothing is left out, and nothing that was not written is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tactful.core.differences import Line, differences, unified

LINES = st.lists(st.sampled_from(["a", "b", "- c", "+ d", "", "--- e", "@@ f", "\u2028g"]), max_size=30)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def test_a_change_stands_between_what_stayed() -> None:
    found = differences("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nE\nf\ng\nh\n")
    assert [str(line) for line in found] == ["@@ -2,7 +2,7 @@", " b", " c", " d", "-e", "+E", " f", " g", " h"]
    assert found[0].kind == "place"


def test_equal_texts_differ_in_nothing() -> None:
    assert differences("a\nb\n", "a\nb\n") == ()
    assert unified("x", "y", ()) == ""


def test_a_unified_difference_names_both() -> None:
    assert unified("x", "y", differences("a\n", "b\n")) == "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+b\n"


def test_what_was_not_there_is_all_added() -> None:
    assert [line for line in differences("", "a\nb\n") if line.kind != "place"] == [
        Line("added", "a"),
        Line("added", "b"),
    ]


@given(LINES, LINES)
def test_every_removed_and_added_line_is_told_once(before: list[str], after: list[str]) -> None:
    found = differences(_text(before), _text(after))
    assert (found == ()) == (before == after)
    removed = [line.text for line in found if line.kind == "removed"]
    added = [line.text for line in found if line.kind == "added"]
    rest = list(before)
    for text in removed:
        rest.remove(text)
    assert sorted(rest + added) == sorted(after)
