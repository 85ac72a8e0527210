"""The bounds of one message: the short look says yes to nothing that looking at every value would refuse."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tactful.web.bodies import DEEPEST, LARGEST_INT, MESSAGE_LIMIT, MOST_VALUES, is_bounded, is_sound

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["\0", "\\u0000", "[{"])
_NUMBERS = st.integers() | st.sampled_from([LARGEST_INT - 1, LARGEST_INT, LARGEST_INT + 1, -LARGEST_INT - 1, 2**64])
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
)


def nested(depth: int, value: Any) -> Any:
    for _ in range(depth):
        value = [value]
    return value


@given(_VALUES, st.integers(0, DEEPEST + 1), st.integers(0, MOST_VALUES))
@example(nested(DEEPEST, 1), 0, 0)
@example(1, DEEPEST + 1, 0)
@example([0] * (MOST_VALUES - 1), 0, 0)
@example([0] * MOST_VALUES, 0, 0)
@example("x" * (MESSAGE_LIMIT - 2), 0, 0)
@example("x" * (MESSAGE_LIMIT - 1), 0, 0)
def test_a_message_is_within_bounds_if_it_is_sound_and_short_enough(value: Any, depth: int, more: int) -> None:
    message = [nested(depth, value)] + [0] * more if depth or more else value
    assert is_bounded(message) == (is_sound(message) and len(orjson.dumps(message)) <= MESSAGE_LIMIT)


@pytest.mark.parametrize(
    "value",
    [
        *("\0", {"a\0": 1}, LARGEST_INT + 1, -LARGEST_INT - 1, 10**30),
        *(nested(DEEPEST + 1, 1), nested(300, 1), [0] * MOST_VALUES, "x" * MESSAGE_LIMIT),
    ],
)
def test_nothing_out_of_bounds_passes(value: Any) -> None:
    assert not is_bounded(value)
    assert not is_bounded({"properties": {"a": value}})


@pytest.mark.parametrize("value", ["\\u0000", "{[" * 9, LARGEST_INT, nested(DEEPEST, 1), nested(DEEPEST + 1, [])[0]])
def test_what_the_short_look_leaves_open_is_looked_at_again(value: Any) -> None:
    assert is_bounded(value)
