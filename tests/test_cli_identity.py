"""`tactful identity`: the mode, the secrets and the report, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tactful.identity import hash_user
from tactful.store.identity import IdentityCount, add_counts
from tactful.store.projects import NewProject, load_config
from tactful.store.sqlite import run_once
from tests.support.cli import Run
from tests.support.clock import START, SetClock
from tests.support.service import make_project

PASTED = "pasted-from-chatwoot-24x"


@pytest.fixture
def shop(path: Path) -> NewProject:
    return make_project(path, SetClock())


def test_it_says_how_users_are_proved(run: Run, shop: NewProject, path: Path) -> None:
    day = START // 86_400_000
    rows = [IdentityCount(shop.project_id, day, what, 3, START, "http://x.test") for what in ("signed", "unsigned")]
    run_once(path, SetClock(), add_counts, rows)
    code, out, _ = run("identity", "--project", "P")
    assert code == 0
    assert out.startswith("mode off, tokens valid for 1d at most\nsecret first  ..." + shop.identity_secret[-4:])
    assert "50.0% of 6 requests that name a user are signed" in out
    assert "unsigned           3  last 2026-11-18" in out
    assert shop.identity_secret not in out


def test_it_changes_mode_and_secrets(run: Run, shop: NewProject, path: Path) -> None:
    code, out, _ = run("identity", "--project", "P", "--mode", "warn", "--add-secret", "new", "--json")
    told = json.loads(out)
    assert (code, told["mode"], len(told["secrets"])) == (0, "warn", 2)
    assert told["secret"].endswith(told["secrets"][0]["ends"])
    code, out, _ = run("identity", "--project", "P", "--revoke", "first")
    assert (code, "first" in out) == (0, False)
    code, out, _ = run("identity", "--project", "P", "--add-secret", PASTED, "--accepts", "hash")
    assert (code, PASTED in out, "...-24x  accepts hash" in out) == (0, False, True)
    config = run_once(path, SetClock(), load_config, shop.project_id)
    assert config is not None
    assert [one.accepts for one in config.identity.secrets if one.secret == PASTED] == ["hash"]
    assert hash_user(PASTED, "ann") != hash_user(shop.identity_secret, "ann")


@pytest.mark.usefixtures("shop")
def test_a_new_secret_is_printed_once(run: Run) -> None:
    _, out, err = run("identity", "--project", "P", "--add-secret", "new")
    secret = out.rstrip().splitlines()[-1]
    assert secret.startswith("ids_")
    assert "Shown once." in err
    assert secret not in run("identity", "--project", "P")[1]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--revoke", "first"), "the only live secret"),
        (("--revoke", "nothing"), "no such secret"),
        (("--add-secret", "short"), "16 to 256 characters"),
    ],
)
def test_what_it_refuses(run: Run, args: tuple[str, ...], says: str) -> None:
    code, _, err = run("identity", "--project", "P", *args)
    assert code == 1
    assert says in err
