"""The page about SDKs: each of its samples is run as it stands, with the client that it names, and delivers once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tactful.store.projects import NewProject
from tactful.web.docs.book import source
from tactful.web.docs.markup import fences
from tests.clients.pages import bundled, pages_for
from tests.clients.scene import NODE_MODULES, Scene, a_project, a_scene, node
from tests.support.browser import a_browser
from tests.support.processes import until
from tests.support.proxy import lost, through_a_proxy

#: One service for all.
pytestmark = pytest.mark.xdist_group("sdks")

SAMPLES = {name: code for _, name, code in fences(source("sdks"))}
BACKENDS = [name for name in SAMPLES if name.endswith((".py", ".mjs"))]
TOLD = re.findall(r"^\| \[`(.+?)`\]\(.*?\) \| ([\d.]+) \|", source("sdks"), re.MULTILINE)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with through_a_proxy() as proxy, a_scene(tmp_path_factory.mktemp("sdks") / "tactful.db", proxy) as scene:
        yield scene


def written(name: str, scene: Scene, project: NewProject, folder: Path) -> Path:
    """The sample in a file of its own, with this project's address and keys, beside what `npm install` put there."""
    own = {
        "https://surveys.example.com": scene.proxy.url,
        "WRITE_KEY": project.write_key,
        "PUBLIC_KEY": project.public_key,
    }
    code = SAMPLES[name]
    for told, ours in own.items():
        code = code.replace(told, ours)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    file = folder / name
    file.write_text(code)
    return file


def delivered(scene: Scene, project: NewProject) -> None:
    """Wait until everything that a sample says is there, and check that it came once, though an answer was lost."""
    own = project.project_id
    until(lambda: scene.rows("SELECT count(*) FROM counters WHERE project_id = ?", own) == [(1,)])
    until(lambda: scene.rows("SELECT account_id FROM people WHERE project_id = ?", own) == [("acme",)])
    people = "SELECT user_id, traits ->> 'plan', account_id FROM people WHERE project_id = ?"
    until(lambda: scene.rows(people, own) == [("user-42", "pro", "acme")])
    until(lambda: scene.rows("SELECT traits ->> 'seats' FROM accounts WHERE project_id = ?", own) == [(12,)])
    assert not scene.proxy.waits
    scene.repeat_everything()
    assert scene.rows("SELECT occurrences FROM counters WHERE project_id = ?", own) == [(1,)]


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_s_sample_delivers_once(scene: Scene, tmp_path: Path, name: str) -> None:
    project = a_project(scene.path, "http://site.test", name, events=["Ticket Closed"])
    file = written(name, scene, project, tmp_path)
    scene.proxy.plan(lost)
    subprocess.run([sys.executable if file.suffix == ".py" else node(), str(file)], check=True, timeout=60)
    delivered(scene, project)
    assert scene.rows("SELECT name FROM events WHERE project_id = ?", project.project_id) == [("Ticket Closed",)]


@pytest.mark.browser
def test_a_page_s_samples_deliver_once(scene: Scene, tmp_path: Path) -> None:
    with a_browser() as browser, pages_for(scene.proxy.url) as pages:
        for name in sorted(set(SAMPLES) - set(BACKENDS)):
            project = a_project(scene.path, pages.origin, name, events=["Lesson Finished"])
            folder = tmp_path / name.removesuffix(".js")
            folder.mkdir()
            scene.proxy.plan(lost)
            pages.open(browser, bundled(written(name, scene, project, folder)))
            delivered(scene, project)


def test_the_versions_are_those_that_are_tried() -> None:
    """Node's are locked; of Python's the oldest that was tried is told."""
    assert len(TOLD) == len(SAMPLES) == 7
    locked = json.loads((NODE_MODULES.parent / "package-lock.json").read_text())["packages"]
    for package, told in TOLD:
        if package.startswith("@"):
            assert locked[f"node_modules/{package}"]["version"] == told
        else:
            assert _numbers(told) <= _numbers(version(package))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]
