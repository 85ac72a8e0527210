from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import demo_site
from demo_site import settings as settings_module
from demo_site.settings import Settings, SettingsError
from tests.demo_site.conftest import GIVEN


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({"LANTERN_PUBLIC_KEY": "  "})
    assert [fault.split()[0] for fault in caught.value.faults] == [
        "LANTERN_PUBLIC_KEY",
        "LANTERN_WRITE_KEY",
        "LANTERN_API_TOKEN",
        "LANTERN_IDENTITY_SECRET",
    ]


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://surveys.test", "http://", "http://a.test;script-src *"])
def test_an_address_that_cannot_stand_in_a_policy_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="LANTERN_TACTFUL_URL"):
        Settings.read(GIVEN | {"LANTERN_TACTFUL_URL": address})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_is_a_number_that_one_can_listen_on(port: str) -> None:
    with pytest.raises(SettingsError, match="SITE_PORT"):
        Settings.read(GIVEN | {"SITE_PORT": port})


def test_what_is_not_said_has_a_default() -> None:
    settings = Settings.read({name: value for name, value in GIVEN.items() if name != "LANTERN_TACTFUL_URL"})
    assert (settings.tactful_url, settings.host, settings.port) == ("http://localhost:8000", "127.0.0.1", 8001)
    assert settings.results_url == settings.tactful_url


def test_a_tactful_below_a_path_keeps_it_in_addresses_and_not_in_the_policy() -> None:
    settings = Settings.read(GIVEN | {"LANTERN_TACTFUL_URL": "https://example.test/surveys/"})
    assert settings.widget_url == "https://example.test/surveys/w/pk_1.js"
    assert settings.tactful_origin == "https://example.test"


def test_secrets_are_not_in_what_is_printed(settings: Settings) -> None:
    assert not any(
        secret in repr(settings) for secret in (settings.write_key, settings.api_token, settings.identity_secret)
    )


def test_every_setting_is_documented() -> None:
    written = (Path(demo_site.__file__).parent / "README.md").read_text(encoding="utf-8")
    read = [*settings_module._REQUIRED, *settings_module._DEFAULTS]
    assert set(re.findall(r"^\| `(\w+)` \|", written, re.MULTILINE)) == set(read)


def test_the_command_says_what_is_missing_and_fails() -> None:
    ended = subprocess.run([sys.executable, "-m", "demo_site"], env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("is not set") == 4
    assert "Traceback" not in ended.stderr
