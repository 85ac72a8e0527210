"""Install: the project's own keys in what is pasted, its origins kept exact, and what arrives told at once."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.identity import hash_user
from tactful.store.migrate import migrate
from tactful.store.projects import find_key, load_config
from tactful.store.sqlite import run_once
from tactful.tokens import TEST
from tactful.web.dashboard import samples
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import Shown, show
from tests.support.rows import execute
from tests.support.server import command
from tests.support.service import SITE, Site, a_site, a_survey, apply_to, make_project

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    backend = a_survey("ticket", trigger={"any": [{"event": "Ticket Closed", "source": "server"}]})
    async with a_site(path, clock, surveys=(a_survey(), backend)) as site:
        await log_in(site.client, site.service, "admin")
        yield site


async def change(site: Site, origin: str, what: str = "add") -> httpx2.Response:
    path = f"/projects/{site.project.project_id}/install/origins"
    return await site.client.post(path, data={"origin": origin, "what": what})


class TestSnippets:
    async def test_hold_the_projects_own_keys_and_events(self, site: Site) -> None:
        text = (await show(site, "install")).text
        assert text.count(f"http://service.test/w/{site.project.public_key}.js") == 2
        assert f"init({{ host: 'http://service.test', key: '{site.project.public_key}' }})" in text
        assert f'data-key="{site.project.public_key}"' in text
        assert "tactful('track', \"Done\")" in text
        assert 'data-tactful-track="Done"' in text
        assert "script-src http://service.test; connect-src http://service.test; trusted-types tactful" in text
        assert 'analytics.host = "http://service.test"' in text
        assert '"event": "Ticket Closed"' in text
        assert "Pages send only what a live survey waits for: Done." in text

    async def test_show_no_secret(self, site: Site) -> None:
        html = (await site.client.get(f"/projects/{site.project.project_id}/install")).text
        for secret in (site.project.write_key, site.project.api_token, site.project.identity_secret):
            assert secret not in html
        assert "tactful project rotate-key write --project P" in html

    async def test_without_surveys_there_is_an_example(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, "viewer")
            text = (await show(site, "install")).text
            assert samples.EVENT in text
            assert "No live survey waits for an event of a page yet" in text

    async def test_an_event_that_both_may_send_is_a_backends_too(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock, surveys=(a_survey(),)) as site:
            await log_in(site.client, site.service, "viewer")
            assert '"event": "Done"' in (await show(site, "install")).text

    async def test_an_event_cannot_leave_the_place_where_it_is_pasted(self, site: Site) -> None:
        name = "</script><b>'\"&\u2028x"
        apply_to(site.path, site.clock, site.project.project_id, a_survey(trigger={"any": [{"event": name}]}))
        await site.service.configs.refresh()
        config = await site.service.configs.get(site.project.project_id)
        pin = site.app.state.widget.pinned
        inline, attributes, pinned, module = samples.snippets("http://service.test", config, name, pin)
        assert inline.code.count("</script>") == 3
        assert inline.code.endswith("</script>")
        [button] = Shown(attributes.code).all("button")
        assert button["data-tactful-track"] == name
        assert "\u2028" not in module.code
        [script] = Shown(pinned.code).all("script")
        assert (script["integrity"], script["data-key"]) == (pin.integrity, site.project.public_key)
        await show(site, "install")


def arguments(code: str, write_key: str) -> list[str]:
    """What a shell that reads `code` calls `curl` with."""
    sh = shutil.which("sh")
    assert sh is not None
    printed = subprocess.run(
        [sh, "-c", 'curl() { for one; do printf "%s\\n" "$one"; done; }\n' + code],
        env={"TACTFUL_WRITE_KEY": write_key},
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.splitlines()


async def test_what_is_posted_by_the_sample_of_curl_is_one_event(site: Site) -> None:
    event = 'It\'s $HOME `x` "done"'
    sample, _ = samples.backends("http://service.test", event)
    called = arguments(sample.code, site.project.write_key)
    assert called[:3] == ["http://service.test/v1/track", "-u", f"{site.project.write_key}:"]
    answer = await site.client.post("/v1/track", content=called[-1], auth=(site.project.write_key, ""))
    assert answer.content == b'{"success":true}'
    assert site.service.arrivals.events(site.project.project_id)[0][1].name == event


SIGNERS = {
    "Python": ("python3", "user_id = 'ann'\n{}\nprint(user_hash)", ("-c",)),
    "Node": ("node", "const userId = 'ann'\n{}\nconsole.log(userHash)", ("--input-type=module", "-e")),
    "Ruby": ("ruby", "user_id = 'ann'\n{}\nputs user_hash", ("-e",)),
    "PHP": ("php", "$userId = 'ann';\n{}\necho $userHash;", ("-r",)),
}


@pytest.mark.parametrize("sample", samples.signatures(), ids=lambda one: one.title)
def test_signatures_are_those_that_are_verified(sample: samples.Sample) -> None:
    name, program, options = SIGNERS[sample.title]
    interpreter = shutil.which(name)
    if interpreter is None:
        pytest.skip(f"{name} is not on this machine")
    signed = subprocess.run(
        [interpreter, *options, program.format(sample.code)],
        env={"TACTFUL_IDENTITY_SECRET": "ids_secret"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert signed.stdout.strip() == hash_user("ids_secret", "ann")
    assert hash_user("ids_secret", "ann") == hmac.new(b"ids_secret", b"ann", hashlib.sha256).hexdigest()


class TestOrigins:
    async def test_are_listed_and_taken_off_and_pages_may_speak_at_once(self, site: Site) -> None:
        site.origin = "https://new.test"
        assert (await site.event("ann")).status_code == 403
        answer = await change(site, " HTTPS://New.test/ ")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/projects/{site.project.project_id}/install#origins"
        assert (await site.event("ann")).status_code == 200
        assert "https://new.test Remove" in (await show(site, "install")).text
        assert (await change(site, "https://new.test", "remove")).status_code == 303
        assert (await site.event("ann")).status_code == 403
        assert "https://new.test Remove" not in (await show(site, "install")).text

    async def test_a_fault_is_told_beside_what_was_written(self, site: Site) -> None:
        answer = await change(site, "https://*.example.com")
        assert answer.status_code == 422
        shown = Shown(answer.text)
        [field] = shown.all("input", id="origin")
        assert (field["value"], field["aria-invalid"]) == ("https://*.example.com", "true")
        assert "List each origin exactly" in shown.text
        config = run_once(site.path, site.clock, load_config, site.project.project_id)
        assert config is not None
        assert config.origins == {SITE}

    async def test_a_full_list_is_told_too(self, site: Site) -> None:
        origins = "[" + ",".join(f'"https://{number}.test"' for number in range(100)) + "]"
        execute(site.path, "UPDATE projects SET origins = ?", origins)
        answer = await change(site, "https://one.more")
        assert answer.status_code == 422
        assert "at most 100 origins" in answer.text

    async def test_none_is_told_as_what_it_means(self, site: Site) -> None:
        await change(site, SITE, "remove")
        text = (await show(site, "install")).text
        assert "No origin is listed, so no page may ask anybody yet." in text
        assert "List an origin first" in text
        await change(site, "app")
        await change(site, "null")
        text = (await show(site, "install")).text
        assert "app requests without an origin" in text
        assert "null pages that hide their origin" in text
        assert "List an origin first" in text

    @pytest.mark.parametrize("role", ["viewer", "editor"])
    async def test_are_an_admins(self, site: Site, role: str) -> None:
        await log_in(site.client, site.service, role)
        assert (await change(site, "https://new.test")).status_code == 403
        shown = await show(site, "install")
        assert not shown.all("form", action=f"/projects/{site.project.project_id}/install/origins")
        assert "An admin can change this list." in shown.text

    async def test_of_another_project_are_another_projects(self, site: Site) -> None:
        other = make_project(site.path, site.clock, name="Other")
        answer = await site.client.post(
            f"/projects/{other.project_id}/install/origins", data={"origin": "https://new.test"}
        )
        assert answer.status_code == 303
        assert "https://new.test" not in (await show(site, "install")).text
        nowhere = await site.client.post("/projects/nowhere/install/origins", data={"origin": "https://new.test"})
        assert nowhere.status_code == 404


class TestTheLiveCheck:
    async def test_says_what_arrives_from_where_and_whom(self, site: Site) -> None:
        assert "Nothing has arrived yet." in (await show(site, "install")).text
        await site.event("ann", "Done")
        await site.backend("Kept", "bo & co")
        site.clock.advance(5_000)
        shown = await show(site, "install/arrivals")
        assert "Kept just now backend, bo & co no live survey waits for it" in shown.text
        assert f"Done just now page {SITE}, ann a live survey waits for it" in shown.text
        assert shown.text.index("Kept") < shown.text.index("Done")
        assert shown.links("people?q=bo%20%26%20co")
        assert shown.all("b", **{"data-total": "2"})

    async def test_says_what_was_refused_and_what_to_do(self, site: Site) -> None:
        site.origin = "https://staging.test"
        await site.event("ann")
        shown = await show(site, "install/arrivals")
        assert "✕ https://staging.test 0 calls, 1 refused, just now Not listed, so its pages may not ask." in shown.text
        [listing] = [one for one in shown.all("input", name="origin") if one["value"] == "https://staging.test"]
        assert (await change(site, str(listing["value"]))).status_code == 303
        await site.event("ann")
        assert "✓ https://staging.test 1 call, 1 refused" in (await show(site, "install/arrivals")).text
        await log_in(site.client, site.service, "viewer")
        site.origin = "https://other.test"
        await site.event("ann")
        shown = await show(site, "install/arrivals")
        assert "An admin can list it." in shown.text
        assert not shown.all("form")

    async def test_is_of_this_project_alone(self, site: Site) -> None:
        await site.event("ann", "Done")
        other = make_project(site.path, site.clock, name="Other")
        text = (await site.client.get(f"/projects/{other.project_id}/install/arrivals")).text
        assert "Nothing has arrived yet." in text
        assert SITE not in text

    @pytest.mark.parametrize("origin", ["<b>x</b>", '"><img src=x>', "javascript:alert(1)", "https://" + "x" * 4_000])
    async def test_text_is_text(self, site: Site, origin: str) -> None:
        site.origin = origin
        await site.event(origin[:200], origin[:200])
        site.origin = SITE
        await site.event(origin[:200], origin[:200])
        shown = await show(site, "install/arrivals")
        assert shown.text.count(origin[:200]) >= 3
        assert not shown.all("img")


class TestTestPeople:
    async def test_a_link_for_each_origin_makes_one(self, site: Site) -> None:
        await change(site, "https://b.test")
        links = (await show(site, "install")).links("#tactful-test=")
        assert {link.partition("/#")[0] for link in links} == {SITE, "https://b.test"}
        token = links[0].partition("=")[2]
        assert site.service.tokens.read(TEST, token).payload == [site.project.project_id]
        await site.visit("ann", test=token)
        assert execute(site.path, "SELECT user_id, test FROM people") == [("ann", 1)]

    async def test_is_an_editors(self, site: Site) -> None:
        await log_in(site.client, site.service, "viewer")
        shown = await show(site, "install")
        assert not shown.links("#tactful-test=")
        assert "An editor or an admin can give you the link." in shown.text
        await log_in(site.client, site.service, "editor")
        assert (await show(site, "install")).links("#tactful-test=")


class TestKeysByCommand:
    def test_a_new_one_is_printed_and_the_old_revoked(self, path: Path) -> None:
        clock = SystemClock()
        migrate(path, clock)
        project = make_project(path, clock, name="Shop")
        for kind, prefix, old in (
            ("write", "wk_", project.write_key),
            ("api", "api_", project.api_token),
            ("identity", "ids_", project.identity_secret),
        ):
            made = command(path, "project", "rotate-key", kind, "--project", "Shop")
            assert made.returncode == 0, made.stderr
            key = made.stdout.strip()
            assert key.startswith(prefix)
            assert key != old
            revoked = command(path, "project", "revoke-keys", kind, "--project", "Shop")
            assert revoked.stdout == "1 revoked; the newest stays.\n"
            if kind != "identity":
                found = run_once(path, clock, find_key, key)
                assert found is not None
                assert found.purpose == kind
                assert run_once(path, clock, find_key, old) is None

    def test_an_unknown_project_is_told_as_one(self, path: Path) -> None:
        told = command(path, "project", "revoke-keys", "write", "--project", "No")
        assert told.returncode == 1
        assert "There is no project named 'No'." in told.stderr

    def test_origins_of_a_new_project_are_exact_from_the_start(self, path: Path) -> None:
        arguments = ("project", "create", "Shop", "--origin", "HTTPS://Shop.test/", "--origin", "https://shop.test")
        assert command(path, *arguments).returncode == 0
        assert execute(path, "SELECT origins FROM projects") == [('["https://shop.test"]',)]
        told = command(path, "project", "create", "Other", "--origin", "https://*.shop.test")
        assert told.returncode == 1
        assert "--origin https://*.shop.test: List each origin exactly" in told.stderr
