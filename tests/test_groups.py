"""How these tests are run."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("itself")
def test_groups_stay_together(request: pytest.FixtureRequest) -> None:
    """Where the scheduler forgets them, each process makes what one should make for all, and nothing tells."""
    forgotten = getattr(request.config.option, "loadgroup", False) and "@itself" not in request.node.nodeid
    assert not forgotten, "this pytest-xdist does not know this pytest; install what pyproject.toml names"
