"""What the documentation tells people to write is run: every block of code of every page, by its language.

A block in a language that nothing here runs (Ruby, PHP, Go, proxies' own) is listed as such, so that a new language
cannot slip in untested.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tactful.clock import SystemClock
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.reading import policy, questions, read_receiver, read_survey, survey, thanks, trigger, variants
from tactful.core.reading.conditions import RESPONDED
from tactful.core.reading.schedule import SCHEDULE
from tactful.database_url import read_database_url
from tactful.definitions import load
from tactful.identity import Claim, Secret, Terms, Vouched, believe
from tactful.sources import read_yaml
from tactful.web.docs.book import DOCS, PAGES, source
from tactful.web.docs.markup import fences
from tests.support.clock import SetClock
from tests.support.curl import as_request
from tests.support.postgres import the_postgres
from tests.support.server import Server, command, environment, serving
from tests.support.service import Site, a_site, a_survey, policy_of

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
VECTOR = json.loads((ROOT / "tests/cases/identity.json").read_text())
SITE = "https://surveys.example.com"

#: Nothing here runs these; what they do is simple, and the vector or the curl beside each says what must come out.
UNRUN = {"ruby", "php", "go", "nginx", "text"}


@dataclass(frozen=True)
class Sample:
    """One block of code: where it stands, and what it says."""

    page: str
    number: int
    language: str
    name: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}-{self.name or self.language}"


SAMPLES = [
    Sample(page, number, *fence)
    for page in PAGES
    if page != "design"
    for number, fence in enumerate(fences(source(page)), start=1)
]


def of(*languages: str) -> pytest.MarkDecorator:
    """Run a test for every sample in these languages."""
    found = [sample for sample in SAMPLES if sample.language in languages]
    assert found, f"no samples in {languages}"
    return pytest.mark.parametrize("sample", found, ids=str)


def test_every_block_of_code_has_a_language_that_is_tested() -> None:
    assert {sample.language for sample in SAMPLES} == {"yaml", "python", "js", "html", "sh", "json", "sql"} | UNRUN


# Definitions


def _as_survey(fields: dict[str, Any]) -> dict[str, Any]:
    """A part of a survey, inside one: `a_survey` asks `score`, an NPS."""
    return a_survey("sample", throttle={"repeat": "90d"}) | fields


@of("yaml")
def test_definitions_read_without_faults_and_warnings(sample: Sample) -> None:
    written = read_yaml(sample.code).data
    if written.keys() & {"surveys", "policy", "receivers"}:
        assert load(sample.code.encode(), f"{sample}.yaml").warnings == ()
    else:
        reading = read_survey(_as_survey(written))
        assert (reading.faults, reading.warnings) == ((), ())


def test_what_a_definition_may_say_is_what_the_full_example_says() -> None:
    """Every field of every shape stands in the example, which stands in the page."""
    shapes = (survey.SURVEY, survey.AUDIENCE, survey.THROTTLE, thanks.THANKS, survey.LOOK, survey.QUIET)
    shapes += (variants.VARIANT, thanks.ACTION, thanks.SHARE, thanks.PROMISE)
    shapes += (trigger.TRIGGER, trigger.EVENT, trigger.NTH, trigger.CANCEL)
    shapes += (RESPONDED, SCHEDULE)
    shapes += (questions.QUESTION, policy.POLICY, policy.RULE)
    example = (DOCS / "examples/full.yaml").read_text(encoding="utf-8")
    assert example in [sample.code for sample in SAMPLES if sample.page == "surveys"]
    said = set(re.findall(r"([a-z_]+):", example))
    assert {field for shape in shapes for field in shape.fields} - said == set()


# Data and scripts


@of("json")
def test_json_parses(sample: Sample) -> None:
    json.loads(sample.code)


def test_the_receiver_that_is_shown_is_one() -> None:
    [shown] = [json.loads(one.code) for one in SAMPLES if one.page == "receivers" and '"auth"' in one.code]
    reading = read_receiver(shown)
    assert (reading.faults, reading.warnings) == ((), ())


@of("js")
def test_scripts_are_scripts(sample: Sample, tmp_path: Path) -> None:
    """Node reads each as a module, for whatever names it uses; `test_node_signs` runs what can run."""
    file = tmp_path / "sample.mjs"
    file.write_text(sample.code)
    checked = subprocess.run([_node(), "--check", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def _node() -> str:
    node = shutil.which("node")
    assert node, "the widget's build brings Node"
    return node


def _only(page: str, language: str, holds: str) -> Sample:
    [sample] = [one for one in SAMPLES if (one.page, one.language) == (page, language) and holds in one.code]
    return sample


def test_node_signs(tmp_path: Path) -> None:
    (tmp_path / "sign.mjs").write_text(_only("signing", "js", "createHmac").code)
    script = f"import {{ userHash }} from './sign.mjs'; console.log(userHash({VECTOR['secret']!r}, 'u_42'))"
    run = [_node(), "--input-type=module", "--eval", script]
    assert subprocess.check_output(run, cwd=tmp_path, text=True).strip() == VECTOR["user_hash"]


def test_python_signs() -> None:
    names: dict[str, Any] = {}
    exec(_only("signing", "python", "import hmac").code, names)
    assert names["user_hash"](VECTOR["secret"], VECTOR["user_id"]) == VECTOR["user_hash"]


def test_python_makes_tokens() -> None:
    names: dict[str, Any] = {}
    exec(_only("signing", "python", "import jwt").code, names)
    claim = Claim(None, VECTOR["user_id"], (), (names["user_jwt"](VECTOR["secret"], VECTOR["user_id"]),))
    terms = Terms("enforce", (Secret("s", VECTOR["secret"]),))
    belief = believe(claim, terms, SystemClock().now_ms())
    assert belief.identity.vouched == Vouched({"plan": "pro"})


def test_the_vector_is_the_one_that_is_told() -> None:
    told = source("signing")
    assert all(VECTOR[name] in told for name in ("secret", "user_id", "user_hash"))


# Commands


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the files that the pages tell people to save, and a database with the project Shop."""
    for sample in SAMPLES:
        if sample.name:
            (tmp_path / sample.name).write_text(sample.code)
    return tmp_path


#: Commands of others that need no test, or more of a machine than a test should touch.
ELSEWHERE = ("pip install", "python3 -m http.server", "export ", "tactful serve", "sqlite3 ", "pg_dump ")


def _commands(page: str) -> Iterator[list[str]]:
    for sample in SAMPLES:
        if sample.page == page and sample.language == "sh" and "curl" not in sample.code:
            for line in sample.code.strip().splitlines():
                if not line.startswith(ELSEWHERE):
                    program, *args = line.split()
                    assert program == "tactful", f"{sample}: {line}"
                    yield args


@pytest.mark.parametrize("page", [page for page in PAGES if page != "design"])
def test_commands_run_in_the_order_in_which_they_stand(page: str, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    database = shop / "tactful.db"
    if page != "start":
        assert command(database, "project", "create", "Shop").returncode == 0
    for written in _commands(page):
        args, kept = (written[:-2], written[-1]) if ">" in written else (written, None)
        done = command(database, *args)
        if kept is not None:
            (shop / kept).write_text(done.stdout, encoding="utf-8")
        if "user-42" in args:  # nobody was there yet; `test_the_start_leads_to_a_response` asks `why` of somebody
            assert re.search("Nobody with the (user )?id 'user-42'", done.stderr)
        else:
            assert done.returncode == 0, (args, done.stderr)


@of("sql")
def test_a_database_is_made_as_told(sample: Sample, clock: SetClock) -> None:
    """The role that the page makes owns its database, needs no other right, and Tactful starts with it."""
    server = the_postgres()
    for statement in sample.code.replace("tactful", "sample").strip().split(";\n"):
        server.execute(statement)
    url = read_database_url(f"postgresql://sample:a-long-one@127.0.0.1:{server.port}/sample")
    for role in ("NOSUPERUSER", "NOCREATEDB", "NOCREATEROLE", "NOREPLICATION"):
        server.execute(f"ALTER ROLE sample {role}")
    done = command(url, "project", "create", "Shop")
    assert done.returncode == 0, done.stderr
    assert command(url, "migrate").stdout == "The database is up to date.\n"


# The start, as told


async def test_the_start_leads_to_a_response(path: Path, clock: SetClock) -> None:
    """Under the default policy, which the page does not change, somebody new presses the button of `start`."""
    survey = yaml.safe_load(_saved("start", "surveys.yaml"))["surveys"][0]
    page = _saved("start", "index.html")
    [event] = re.findall('data-tactful-track="(.*?)"', page)
    [user] = re.findall('data-user-id="(.*?)"', page)
    async with a_site(path, clock, surveys=(survey,), policy=DEFAULT_POLICY) as site:
        ask = await site.ask(user, event)
        assert (await site.respond(ask, answers={"score": 9}, done=True)).status_code == 200
        assert await site.offer(user, event) is None


def _saved(page: str, name: str) -> str:
    [code] = [one.code for one in SAMPLES if (one.page, one.name) == (page, name)]
    return code


def test_what_why_prints_is_what_is_shown(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block in `throttling` is what the command printed, its times apart."""
    monkeypatch.chdir(shop)
    database = shop / "tactful.db"
    project = json.loads(command(database, "project", "create", "Shop", "--origin", SITE, "--json").stdout)
    (shop / "first.yaml").write_text(_saved("start", "surveys.yaml"))
    assert command(database, "apply", "first.yaml", "--project", "Shop").returncode == 0
    with serving(database) as server:
        _ask_once(server, project["public_key"])
    printed = command(database, "why", "--project", "Shop", "--user", "user-42").stdout
    shown = next(code for _, _, code in fences(source("throttling")) if code.startswith("user-42"))
    assert _without_times(printed) == _without_times(shown)


def _ask_once(server: Server, public_key: str) -> None:
    identity = {"user_id": "user-42", "anonymous_id": None}
    with httpx2.Client(base_url=server.url, headers={"origin": SITE}) as client:
        passed = client.get(f"/w/{public_key}.json").json()["pass"]
        event = {"message_id": "1", "type": "track", "event": "Order Placed"}
        page = {"pass": passed, "identity": identity, "context": {}}
        offer = client.post("/w/events", json=page | {"events": [event]}).json()["offer"]
        taken = client.post("/w/asks", json=page | {"offer": offer["token"]})
        assert taken.status_code == 200, taken.text


def _without_times(text: str) -> str:
    return re.sub(r"\w{3} \d+ \w{3} \d{4}, \d\d:\d\d \w+( \(in \d+ \w+\))?", "TIME", text)


# Requests


@pytest.fixture
async def curled(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        await site.backend("Done", "user-42")
        yield site


@pytest.mark.parametrize("page", ["events", "api"])
async def test_requests_are_answered(page: str, curled: Site) -> None:
    """Every curl of a page, in their order, as the project of this test."""
    person = (await curled.manage("GET", "people")).json()["data"][0]["id"]
    own = {
        SITE: "http://service.test",
        "WRITE_KEY": curled.project.write_key,
        "API_TOKEN": curled.project.api_token,
        "PERSON_ID": person,
    }
    lines = [one.code for one in SAMPLES if one.page == page and one.language == "sh" and "curl" in one.code]
    assert lines
    for code in lines:
        answer = await curled.client.request(**as_request(code, own))
        assert answer.status_code in (200, 201), (code, answer.text)
        assert page == "api" or answer.content == b'{"success":true}'


#: What a project fills with names of its own, and what the page shortens.
OPEN = {"answers", "event", "traits", "rates"}


def _shape(value: Any) -> Any:
    """The names in a value, all the way down; a list has the shape of its first entry."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items() if name not in OPEN}
    return [_shape(value[0])] if isinstance(value, list) and value else None


async def test_what_is_answered_has_the_shape_that_is_shown(path: Path, clock: SetClock) -> None:
    shown = [json.loads(one.code) for one in SAMPLES if (one.page, one.language) == ("api", "json")]
    asked = {"id": "score", "kind": "csat", "ask": "How was {{event.what}}?"}
    options = [{"id": one, "label": one} for one in ("speed", "price")]
    topics = {"id": "topics", "kind": "choices", "ask": "Which?", "options": options}
    offer = {"title": "Thanks", "action": {"label": "Go", "url": "https://x.test"}}
    survey = a_survey("after-order", questions=[topics, asked], thanks=offer, throttle={"repeat": "1ms"})
    async with a_site(path, clock, surveys=(survey,), policy=policy_of({"rules": [], "tenure": "0s"})) as site:
        for number in range(5):
            ask = await site.ask(f"user-{number}", properties={"what": "it"})
            await site.respond(ask, answers={"score": 5, "topics": ["speed"]}, done=True)
            await site.post("/w/clicks", {"ask": ask, "what": "action"})
        answers = [await site.manage("GET", path) for path in ("surveys/after-order/results", "responses", "nothing")]
    for sample, answer in zip(shown, answers, strict=True):
        assert _shape(answer.json()) == _shape(sample)


# SDKs


@pytest.mark.parametrize(("name", "package"), [("events.py", "segment.analytics"), ("posthog_events.py", "posthog")])
def test_the_python_sdks_work_as_they_come(
    shop: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    pytest.importorskip(package, reason="comes with the development packages")
    monkeypatch.chdir(shop)
    database = shop / "tactful.db"
    keys = json.loads(command(database, "project", "create", "Shop", "--json").stdout)
    with serving(database) as server:
        code = _saved("events", name).replace(SITE, server.url).replace("WRITE_KEY", keys["write_key"])
        run = [sys.executable, "-c", code]
        done = subprocess.run(run, env=environment(database, server.url), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        headers = {"authorization": f"Bearer {keys['api_token']}"}
        [person] = httpx2.get(f"{server.url}/api/v1/people", headers=headers).json()["data"]
        assert (person["user_id"], person["traits"]["plan"], person["account_id"]) == ("user-42", "pro", "acme")
