"""The npm package `tactful`: harmless on a server, typed, small, and in a page all that the snippet is."""

from __future__ import annotations

import hmac
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tactful.web.docs.book import source
from tactful.web.docs.markup import fences
from tests.clients.pages import ESBUILD, bundled
from tests.clients.scene import NODE_MODULES, node
from tests.support.browser import a_browser
from tests.support.rows import execute
from tests.support.server import Server, serving
from tests.support.service import a_survey
from tests.support.widget import Host, Watched, a_host, until, watch

pytestmark = pytest.mark.xdist_group("package")

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "widget"
SAMPLES = {name: code for _, name, code in fences(source("packages")) if name}
FILES = {"package.json", "README.md", "LICENSE", "index.js", "index.d.ts", "segment.js", "segment.d.ts"}

TYPED = """
import { AnalyticsBrowser } from '@segment/analytics-next'
import { consent, group, identify, init, on, optOut, page, reset, show, track, type Options } from 'tactful'
import { tactfulPlugin } from 'tactful/segment'

const options: Options = { host: 'https://s.test', key: 'pk_1', pinned: true, consent: 'wait', userId: 'ann' }
init(options)
identify(42, { plan: 'pro' }, { user_hash: '0123' })
group('acme', { seats: 12 })
track('Done', { course: 'algebra' })
page()
show('feedback')
consent(true)
const undo: () => void = on('answered', ({ survey, answers }) => console.log(survey, answers))
undo()
optOut()
reset()
AnalyticsBrowser.load({ writeKey: 'w' }).register(tactfulPlugin({ ...options, proof: (id) => ({ jwt: id }) }))
// @ts-expect-error: a card is never `opened`
on('opened', () => {})
// @ts-expect-error: no key
init({ host: 'https://surveys.example.com' })
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the built package and the clients of others are installed."""
    folder = tmp_path_factory.mktemp("app")
    installed = folder / "node_modules"
    installed.mkdir()
    for one in NODE_MODULES.iterdir():
        (installed / one.name).symlink_to(one)
    subprocess.run([node(), str(WIDGET / "package.mjs"), str(installed / "tactful")], check=True, capture_output=True)
    return folder


def run(shelf: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=shelf, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_on_a_server_it_does_nothing_and_breaks_nothing(shelf: Path) -> None:
    script = """
        import * as all from 'tactful'
        import 'tactful/segment'
        all.init({ host: 'https://s.test', key: 'k' })
        all.on('asked', () => {})()
        all.track('Done')
        console.log(Object.keys(all).length, typeof globalThis.tactful)
    """
    assert run(shelf, node(), "--input-type=module", "--eval", script) == "10 undefined\n"


def test_what_is_not_used_is_not_bundled(shelf: Path) -> None:
    entry = shelf / "nothing.js"
    entry.write_text("import { init } from 'tactful'; import 'tactful/segment'")
    assert run(shelf, str(ESBUILD), str(entry), "--bundle", "--format=esm", "--log-level=error").strip() == ""


def test_its_types_fit_what_one_writes_and_segment_s(shelf: Path) -> None:
    (shelf / "typed.ts").write_text(TYPED)
    settings = {"strict": True, "noEmit": True, "skipLibCheck": True, "module": "esnext", "moduleResolution": "bundler"}
    settings |= {"target": "es2022", "lib": ["es2022", "dom"], "types": [], "preserveSymlinks": True}
    (shelf / "tsconfig.json").write_text(json.dumps({"compilerOptions": settings, "files": ["typed.ts"]}))
    run(shelf, node(), str(WIDGET / "node_modules/typescript/bin/tsc"), "-p", ".")


def test_what_is_published_and_under_which_version(shelf: Path) -> None:
    built = shelf / "node_modules/tactful"
    [packed] = json.loads(run(built, "npm", "pack", "--dry-run", "--json", "--ignore-scripts"))
    assert {file["path"] for file in packed["files"]} == FILES
    told = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert told is not None
    assert packed["version"] == told[1]
    written = "".join((built / name).read_text() for name in FILES)
    assert set(re.findall(r"https?://[\w.-]+", written)) == {"https://surveys.example.com"}


# In pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server") / "tactful.db") as running:
        yield running


COUNTED = a_survey("views", trigger={"any": [{"event": "page", "nth": {"every": 50}}]})


@pytest.fixture
def host(server: Server) -> Iterator[Host]:
    with a_host(server.url, server.path, a_survey(), COUNTED, policies="tactful tactful-init vue") as made:
        yield made


@pytest.fixture
def seen(browser: Browser) -> Iterator[Watched]:
    """A page that must end without an error and without a policy violation."""
    context = browser.new_context()
    watched = watch(context)
    yield watched
    assert watched.errors == []
    # Segment's script has nobody to deliver to here.
    assert [one for one in watched.violations if "https://api.segment.io/" not in one] == []
    context.close()


def app(shelf: Path, host: Host, seen: Watched, script: str) -> None:
    """Open an application: `script`, bundled with what it imports, among it any sample of the page."""
    elsewhere = "writeKey: 'none', cdnURL: location.origin"
    for name, code in SAMPLES.items():
        own = code.replace("https://surveys.example.com", host.api).replace("PUBLIC_KEY", host.project.public_key)
        (shelf / name).write_text(own.replace("writeKey: 'SEGMENT_WRITE_KEY'", elsewhere))
    (shelf / "main.js").write_text(script)
    host.pages["/main.js"] = bundled(shelf / "main.js")
    host.pages["/v1/projects/none/settings"] = json.dumps({"integrations": {}})
    host.pages["/"] = (
        '<!doctype html><html lang="en"><title>App</title><div id="app"></div><script src="/main.js"></script>'
    )
    seen.page.goto(host.origin)


def answer(host: Host, seen: Watched) -> None:
    """Be asked, and answer."""
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: host.responses() == [({"score": 9}, False)])


def people(host: Host) -> list[tuple[Any, ...]]:
    statement = "SELECT user_id, traits ->> 'plan', account_id FROM people WHERE project_id = ? AND user_id IS NOT NULL"
    return execute(host.where, statement, host.project.project_id)


@pytest.mark.browser
@pytest.mark.parametrize("how", ["", "pinned: true, "])
def test_a_bundled_page_asks(shelf: Path, host: Host, seen: Watched, how: str) -> None:
    """Also what is called before `init` is heard; a listener that was undone hears nothing."""
    app(
        shelf,
        host,
        seen,
        f"""
        import {{ identify, init, on, track }} from 'tactful'
        window.heard = []
        on('asked', ({{ survey }}) => heard.push(survey))
        on('asked', () => heard.push('undone'))()
        identify(42, {{ plan: 'pro' }})
        track('Done')
        init({{ host: '{host.api}/', key: '{host.project.public_key}', {how}consent: undefined }})
        init({{ host: 'https://nowhere.test', key: 'twice' }})
        """,
    )
    answer(host, seen)
    assert seen.page.evaluate("heard") == ["nps"]
    assert [who[:2] for who in people(host)] == [("42", "pro")]
    assert (seen.sent("/w/loader-") == 1) == bool(how)


@pytest.mark.browser
def test_the_first_sample_runs(shelf: Path, host: Host, seen: Watched) -> None:
    app(shelf, host, seen, "import './tactful_page.js'; import { track } from 'tactful'; track('Done')")
    answer(host, seen)
    assert [who[:2] for who in people(host)] == [("user-42", "pro")]


@pytest.mark.browser
def test_what_segment_is_told_needs_no_second_snippet(shelf: Path, host: Host, seen: Watched) -> None:
    app(shelf, host, seen, "import { analytics } from './tactful_segment.js'; window.analytics = analytics")
    user_hash = hmac.new(host.project.identity_secret.encode(), b"ann", "sha256").hexdigest()
    with seen.page.expect_request(lambda request: '"user_id":"ann"' in (request.post_data or "")) as told:
        seen.page.evaluate(
            "proof => analytics.identify('ann', { plan: 'pro' }, { integrations: { Tactful: proof } })",
            {"user_hash": user_hash},
        )
    assert told.value.post_data_json["identity"].items() >= {"user_id": "ann", "user_hash": user_hash}.items()
    seen.page.evaluate(
        """async () => {
            await analytics.group('acme', { seats: 12 })
            await analytics.page('Pricing')
            await analytics.page('Pricing', 'Monthly')
            await analytics.track('Done')
        }"""
    )
    answer(host, seen)
    until(lambda: people(host) == [("ann", "pro", "acme")])
    views = "SELECT occurrences FROM counters WHERE project_id = ?"
    until(lambda: execute(host.where, views, host.project.project_id) == [(2,)])
    # Segment remembers her on the next page, and forgets her when it is told to.
    seen.page.reload()
    with seen.page.expect_request("**/w/events") as told:
        seen.page.evaluate("analytics.track('Done')")
    assert told.value.post_data_json["identity"]["user_id"] == "ann"
    expect(seen.card).to_be_visible()
    with seen.page.expect_request("**/w/events") as told:
        seen.page.evaluate("analytics.reset().then(() => analytics.track('Done'))")
    assert "user_id" not in told.value.post_data_json["identity"]
    expect(seen.card).to_be_visible()


FRAMEWORKS = {
    "react": """
        import { createElement, StrictMode, useState } from 'react'
        import { createRoot } from 'react-dom/client'
        import { track } from 'tactful'
        import { useTactful } from './tactful_react.js'

        const App = () => {
          const [user, setUser] = useState({ id: 'ann', plan: 'pro' })
          useTactful(user)
          const leave = createElement('button', { onClick: () => setUser(null) }, 'Leave')
          return [createElement('button', { onClick: () => track('Done'), key: 1 }, 'Finish'), leave]
        }
        createRoot(document.querySelector('#app')).render(createElement(StrictMode, {}, createElement(App)))
        """,
    "vue": """
        import { createApp, h, ref } from 'vue'
        import { tactful } from './tactful_vue.js'

        const user = ref({ id: 'ann', plan: 'pro' })
        const App = {
          render() {
            const finish = h('button', { onClick: () => this.$track('Done') }, 'Finish')
            return [finish, h('button', { onClick: () => (user.value = null) }, 'Leave')]
          },
        }
        createApp(App).use(tactful, { user }).mount('#app')
        """,
}


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_s_sample_asks_whom_it_says_and_forgets_them(
    shelf: Path, host: Host, seen: Watched, framework: str
) -> None:
    app(shelf, host, seen, FRAMEWORKS[framework])
    seen.page.get_by_role("button", name="Finish").click()
    answer(host, seen)
    assert [who[:2] for who in people(host)] == [("ann", "pro")]
    seen.page.get_by_role("button", name="Leave").click()
    expect(seen.card).to_have_count(0)
    with seen.page.expect_request("**/w/events") as told:
        seen.page.get_by_role("button", name="Finish").click()
    assert "user_id" not in told.value.post_data_json["identity"]
