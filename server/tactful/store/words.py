"""A project's own words: kept as one value beside its policy, and changed as a whole."""

from __future__ import annotations

import orjson

from tactful.core.changes import Change, words_change
from tactful.core.words import OwnWords
from tactful.store.script import Script, one, run

__all__ = ["apply_words", "plan_words"]

READ_WORDS = "SELECT words FROM projects WHERE project_id = ?"
#: Locks as well, for whoever may find that there is nothing to change.
HOLD_WORDS = "UPDATE projects SET words = words WHERE project_id = ? RETURNING words"
UPDATE_WORDS = "UPDATE projects SET words = ?, config_version = config_version + 1 WHERE project_id = ?"


def plan_words(project_id: str, words: OwnWords) -> Script[Change]:
    """Say what `apply_words` would change, and change nothing."""
    project = yield one(READ_WORDS, project_id)
    return words_change(orjson.loads(project["words"]), words)


def apply_words(project_id: str, words: OwnWords) -> Script[Change]:
    """Make the project's own words these alone. Applying again changes nothing."""
    project = yield one(HOLD_WORDS, project_id)
    change = words_change(orjson.loads(project["words"]), words)
    if change.how != "unchanged":
        yield run(UPDATE_WORDS, orjson.dumps(words).decode(), project_id)
    return change
