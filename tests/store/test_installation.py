"""Origins and keys: changed in one transaction, and known to every cached configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tactful.core.origins import MOST_ORIGINS
from tactful.errors import BadRequest
from tactful.store.installation import add_key, change_origins, revoke_old_keys
from tactful.store.projects import NewProject, config_versions, find_key, load_config
from tactful.store.sqlite import run_once
from tests.support.clock import SetClock
from tests.support.service import SITE, make_project


@pytest.fixture
def project(path: Path, clock: SetClock) -> NewProject:
    return make_project(path, clock)


class TestOrigins:
    def test_are_listed_once_and_taken_off(self, path: Path, clock: SetClock, project: NewProject) -> None:
        def change(origin: str, *, listed: bool) -> bool:
            return run_once(path, clock, change_origins, project.project_id, origin, listed=listed)

        before = run_once(path, clock, config_versions)[project.project_id]
        assert change("https://a.test", listed=True)
        assert not change("https://a.test", listed=True)
        assert change(SITE, listed=False)
        assert not change("https://never.test", listed=False)
        config = run_once(path, clock, load_config, project.project_id)
        assert config is not None
        assert config.origins == {"https://a.test"}
        assert config.version > before

    def test_are_bounded(self, path: Path, clock: SetClock, project: NewProject) -> None:
        for number in range(MOST_ORIGINS - 1):
            run_once(path, clock, change_origins, project.project_id, f"https://{number}.test", listed=True)
        with pytest.raises(BadRequest, match="at most 100"):
            run_once(path, clock, change_origins, project.project_id, "https://more.test", listed=True)


class TestKeys:
    def test_old_and_new_are_good_until_the_old_are_revoked(
        self, path: Path, clock: SetClock, project: NewProject
    ) -> None:
        clock.advance(1)
        run_once(path, clock, add_key, project.project_id, "write", "wk_new", "k1")
        old, new = (run_once(path, clock, find_key, key) for key in (project.write_key, "wk_new"))
        assert (old and old.purpose, new and new.purpose) == ("write", "write")
        assert run_once(path, clock, revoke_old_keys, project.project_id, "write") == 1
        assert run_once(path, clock, find_key, project.write_key) is None
        assert run_once(path, clock, find_key, "wk_new") == new
        assert run_once(path, clock, revoke_old_keys, project.project_id, "write") == 0

    def test_a_kind_and_a_project_leave_the_others_alone(
        self, path: Path, clock: SetClock, project: NewProject
    ) -> None:
        other = make_project(path, clock, name="Other")
        clock.advance(1)
        run_once(path, clock, add_key, project.project_id, "api", "api_new", "k1")
        run_once(path, clock, revoke_old_keys, project.project_id, "api")
        found = run_once(path, clock, find_key, "api_new")
        assert found is not None
        assert found.scopes == {"*"}
        assert run_once(path, clock, find_key, project.api_token) is None
        for key in (project.write_key, other.api_token, other.write_key):
            assert run_once(path, clock, find_key, key) is not None

    def test_identity_secrets(self, path: Path, clock: SetClock, project: NewProject) -> None:
        def secrets() -> tuple[str, ...]:
            config = run_once(path, clock, load_config, project.project_id)
            assert config is not None
            return tuple(one.secret for one in config.identity.secrets)

        clock.advance(1)
        run_once(path, clock, add_key, project.project_id, "identity", "ids_new_and_long", "k1")
        assert secrets() == ("ids_new_and_long", project.identity_secret)
        assert run_once(path, clock, revoke_old_keys, project.project_id, "identity") == 1
        assert secrets() == ("ids_new_and_long",)
