"""`tactful demo`: the service and Lantern, a small learning platform, side by side on this machine.

Everything is real: the demo makes a project like anybody's, applies a file of surveys, and starts the site with the
project's keys in its environment. The keys stay in the demo's directory, so that the next start finds its people again.

A new demo begins with half a year of history (tactful/demo_history.py), so that there is something to look at.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import stat
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import typer

from tactful.cli import new_project, results_link
from tactful.clock import Clock, new_id, new_secret
from tactful.credentials import Passwords
from tactful.definitions import load
from tactful.errors import CannotStart
from tactful.serve import serve
from tactful.settings import PREFIX, Settings, read_settings
from tactful.store.members import NewMember, add_first, find_member
from tactful.store.opening import migrate, run_once
from tactful.store.projects import NewProject, apply_definitions, create_project, find_project

__all__ = ["MEMBER", "begin_with_history", "run_demo"]

_log = logging.getLogger("tactful.demo")

_PROJECT = "Lantern"
MEMBER = "demo@lantern.test"


def _surveys_file() -> Path:
    import demo_site  # noqa: PLC0415  # part of the wheel, but only this command needs it

    return Path(demo_site.__file__).parent / "surveys.yaml"


def _keys(settings: Settings, clock: Clock, directory: Path, origins: tuple[str, ...]) -> NewProject:
    """The demo project's keys: from the last start, or new with a new project."""
    file, url = directory / "keys.json", settings.database_url
    if file.exists() and run_once(url, clock, find_project, _PROJECT):
        kept = json.loads(file.read_text(encoding="utf-8"))
        return NewProject(**kept | {"origins": tuple(kept["origins"])})
    new = new_project(_PROJECT, origins)
    run_once(url, clock, create_project, new)
    _keep(file, new)
    return new


def _keep(file: Path, new: NewProject) -> None:
    file.touch(stat.S_IRUSR | stat.S_IWUSR)
    file.write_text(json.dumps(asdict(new)), encoding="utf-8")


def begin_with_history(settings: Settings, clock: Clock, directory: Path, origins: tuple[str, ...]) -> None:
    """Make the database with Lantern's last six months in it and keep the project's keys in `directory`.

    Where there is a database, nothing is done. Only a SQLite file gets a history, since it comes to be in one step.
    """
    from demo_site.history import Story  # noqa: PLC0415  # needed at the first start alone
    from tactful.demo_history import make_history  # noqa: PLC0415  # needed at the first start alone

    path = settings.database_url.path
    if path is None or path.exists():
        return
    new, story = new_project(_PROJECT, origins), Story(clock.now_ms())
    # First the keys: an interrupted start leaves no database, and so begins anew with other keys.
    _keep(directory / "keys.json", new)
    with typer.progressbar(length=len(story.moments), label="Six months of Lantern", file=sys.stderr) as bar:
        make_history(path, new, story, lambda done, _all: bar.update(done - bar.pos))


def _log_in(settings: Settings, clock: Clock, directory: Path) -> str | None:
    """The password of the demo's member, who is made at the first start; None where only others can log in."""
    file = directory / "password"
    if not file.exists():
        file.touch(stat.S_IRUSR | stat.S_IWUSR)
        file.write_text(new_secret("lantern")[:16], encoding="ascii")
    password = file.read_text(encoding="ascii")
    member = NewMember(new_id(clock), MEMBER, "admin")
    password_hash = asyncio.run(Passwords().hash(password))
    run_once(settings.database_url, clock, add_first, member, password_hash)
    return password if run_once(settings.database_url, clock, find_member, MEMBER) else None


def _site_environment(settings: Settings, keys: NewProject, host: str, site_port: int) -> dict[str, str]:
    return os.environ | {
        "LANTERN_TACTFUL_URL": settings.base_url,
        "LANTERN_PUBLIC_KEY": keys.public_key,
        "LANTERN_WRITE_KEY": keys.write_key,
        "LANTERN_API_TOKEN": keys.api_token,
        "LANTERN_IDENTITY_SECRET": keys.identity_secret,
        "LANTERN_RESULTS_URL": results_link(settings, keys.project_id),
        "SITE_HOST": host,
        "SITE_PORT": str(site_port),
    }


def run_demo(
    directory: Path, clock: Clock, *, port: int, site_port: int, seed: bool = True, host: str = "127.0.0.1"
) -> None:
    """Run the demo until it is interrupted; with `seed` a new one begins with a history. Raises `CannotStart` when the
    ports of an older demo differ."""
    if find_spec("segment") is None:
        raise CannotStart(
            "no_demo_extra",
            "Lantern's backend posts its events through a library that is missing: pip install 'tactful[demo]'",
        )
    directory.mkdir(parents=True, exist_ok=True)
    defaults = {
        f"{PREFIX}DATABASE_URL": f"sqlite:///{directory / 'tactful.db'}",
        f"{PREFIX}BASE_URL": f"http://localhost:{port}",
    }
    settings = read_settings(defaults | dict(os.environ), _log.info)
    origins = (f"http://localhost:{site_port}", f"http://127.0.0.1:{site_port}")
    if seed:
        begin_with_history(settings, clock, directory, origins)
    migrate(settings.database_url, clock)
    keys = _keys(settings, clock, directory, origins)
    if keys.origins != origins:
        raise CannotStart(
            "other_ports",
            f"The demo in {directory} was made for {keys.origins[0]}; use that port or another --directory.",
        )
    file = _surveys_file()
    definitions = load(file.read_bytes(), file.name).definitions
    run_once(settings.database_url, clock, apply_definitions, keys.project_id, definitions.policy, definitions.surveys)
    environment = _site_environment(settings, keys, host, site_port)
    site = subprocess.Popen([sys.executable, "-m", "demo_site"], env=environment)  # our own module
    _log.info("Lantern, the demo site:  http://localhost:%s", site_port)
    _log.info("Dashboard:               %s", environment["LANTERN_RESULTS_URL"])
    password = _log_in(settings, clock, directory)
    if password is not None:
        _log.info("Log in to it as:         %s with the password %s", MEMBER, password)
    # uvicorn raises the signal that ended it once more; by default that would end us before the site is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(settings, clock, host=host, port=port)
    finally:
        site.terminate()
        site.wait(timeout=10)
