"""What the documents say is so: settings, commands, addresses, files and the survey that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from tactful.cli import app
from tactful.definitions import load
from tactful.settings import PREFIX, SETTINGS
from tactful.web.routes import ROUTES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "server/tactful/docs/design.md").read_text(encoding="utf-8")
DOCUMENTS = {"README.md": README, "design.md": DESIGN}


def _in_backticks(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = dict(re.findall(rf"^\| `({PREFIX}\w+)` \| (.*?) \|", README, re.MULTILINE))
    assert list(table) == [PREFIX + setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        if setting.default:
            assert table[PREFIX + setting.name] == f"`{setting.default}`"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def _commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


def test_every_command_that_is_shown_exists() -> None:
    shown = set(re.findall(r"^tactful ([a-z]+)", README, re.MULTILINE))
    assert {"serve", "apply", "why"} <= shown <= _commands()


def test_every_option_that_is_shown_exists() -> None:
    group = typer.main.get_command(app)
    known: set[str] = set()
    waiting = list(getattr(group, "commands", {}).values())
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        known |= {name for option in command.params for name in option.opts}
    lines = re.findall(r"^tactful .*", README, re.MULTILINE)
    shown = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}
    assert shown
    assert shown <= known


def test_every_address_that_is_named_is_a_route() -> None:
    known = {getattr(route, "path", "") for route in ROUTES}
    named = {one for one in _in_backticks(README) if re.fullmatch(r"/(v1|api|w)/[\w/.{}-]+", one)}
    exact = {one for one in named if not one.endswith("...")}
    assert "/v1/batch" in exact
    assert exact <= known
    assert all(any(path.startswith(one.removesuffix("...")) for path in known) for one in named - exact)


PLACES = ("", "server/tactful/")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name: str) -> None:
    text = DOCUMENTS[name]
    here = "" if name == "README.md" else "server/tactful/docs/"
    linked = {here + one for one in re.findall(r"\]\(([^):#]+)\)", text)}
    named = {one for one in _in_backticks(text) if re.fullmatch(r"[\w./-]+\.(py|md|ts|json|sql|yaml)", one)}
    named = {one for one in named if not one.startswith("/")}
    missing = {one for one in linked | named if not any((ROOT / place / one).exists() for place in PLACES)}
    assert missing == set()


def test_the_survey_that_is_shown_is_one() -> None:
    [shown] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    loaded = load(shown.encode(), "README.yaml")
    assert loaded.warnings == ()
    assert loaded.definitions.policy is not None
    assert [survey.key for survey in loaded.definitions.surveys] == ["lesson-nps"]
