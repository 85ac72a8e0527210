"""Settings: every fault at once, secrets never shown, and a key that is always worth something."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.errors import CannotStart
from tactful.settings import SETTINGS, Settings, read_settings

KEY = "k" * 32
OTHER = "o" * 40


def read(**given: str) -> tuple[Settings, list[str]]:
    warnings: list[str] = []
    environ = {f"TACTFUL_{name}": value for name, value in given.items()}
    return read_settings(environ, warnings.append), warnings


def refusal(**given: str) -> str:
    with pytest.raises(CannotStart) as refused:
        read(**given)
    assert refused.value.code == "bad_settings"
    return refused.value.message


def test_what_is_given_is_read() -> None:
    settings, warnings = read(
        DATABASE_URL="sqlite:////var/lib/tactful.db", SECRET_KEYS=f" {KEY}, {OTHER},", BASE_URL="https://s.example/x/"
    )
    assert settings == Settings(DatabaseUrl.of_file("/var/lib/tactful.db"), (KEY, OTHER), "https://s.example/x")
    assert warnings == []


def test_what_is_not_given_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings, warnings = read()
    assert (settings.database_url.path, settings.base_url) == (Path("tactful.db"), "http://localhost:8000")
    assert not settings.allow_async_commit
    assert len(warnings) == 1
    assert "TACTFUL_SECRET_KEYS" in warnings[0]


def test_every_fault_is_told_at_once_and_no_secret_with_it() -> None:
    said = refusal(
        DATABASE_URL="mysql://me:hunter2@db", SECRET_KEYS=f"{KEY},too-short-but-secret", BASE_URL="surveys.example"
    )
    for name in ("TACTFUL_DATABASE_URL: expected", "TACTFUL_SECRET_KEYS: every key", "TACTFUL_BASE_URL='surveys.exam"):
        assert name in said
    assert "too-short-but-secret" not in said
    assert "hunter2" not in said
    assert KEY not in said


def test_how_many_proxies_are_believed() -> None:
    assert read(SECRET_KEYS=KEY)[0].trusted_proxies == 0
    assert read(SECRET_KEYS=KEY, TRUSTED_PROXIES="2")[0].trusted_proxies == 2


@pytest.mark.parametrize("hops", ["", "-1", "one", "1.0", "100", "10.0.0.1", "²"])
def test_what_is_no_number_of_proxies(hops: str) -> None:
    assert f"TACTFUL_TRUSTED_PROXIES={hops!r}: expected a number" in refusal(SECRET_KEYS=KEY, TRUSTED_PROXIES=hops)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tactful.db",
        "sqlite:",
        "sqlite://x",
        "sqlite:///",
        "SQLITE:///x",
        "postgresql:",
        "postgresql:/x",
        "postgresql://db",
        "postgresql://db/",
        "postgresql://db/a/b",
        "postgresql://db:port/x",
        "postgresql://db:0/x",
        "postgresql://db:70000/x",
        "postgresql://db,/x",
        "postgresql://me:pass#word@db/x",
        "postgresql://me:pass/word@db/x",
        "postgresql://me:pass?word@db/x",
        "postgresql://[::1/x",
        "postgresql://db/x\n",
        "mysql://db/x",
    ],
)
def test_what_is_no_database(url: str) -> None:
    assert "expected sqlite:///PATH" in refusal(SECRET_KEYS=KEY, DATABASE_URL=url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db/tactful", "postgresql://db/tactful"),
        ("postgres://me@db:5433/tactful", "postgres://me@db:5433/tactful"),
        ("postgresql://me:hunter2@a:5432,b,[::1]:5433/t", "postgresql://me:***@a:5432,b,[::1]:5433/t"),
        ("postgresql://me:hunt%23er2@[::1]/t?sslmode=require", "postgresql://me:***@[::1]/t?sslmode=require"),
        ("postgresql:///t?host=/run/pg&password=hunter2", "postgresql:///t?host=/run/pg&password=***"),
    ],
)
def test_a_postgresql_database_is_read_and_its_password_not_shown(url: str, shown: str) -> None:
    database = read_database_url(url)
    assert (database.text, database.kind, database.path) == (url, "postgres", None)
    assert str(database) == f"{database}" == shown
    assert repr(read(SECRET_KEYS=KEY, DATABASE_URL=url)[0]).count(shown) == 1
    assert "hunt" not in repr(database)


def test_on_postgresql_the_keys_must_be_set_since_processes_share_them() -> None:
    said = refusal(DATABASE_URL="postgresql://me:hunter2@db/tactful")
    assert "TACTFUL_SECRET_KEYS: must be set with PostgreSQL" in said
    assert "hunter2" not in said


def test_whether_postgresql_may_forget() -> None:
    assert read(SECRET_KEYS=KEY, ALLOW_ASYNC_COMMIT="yes")[0].allow_async_commit
    for written in ("", "1", "true", "YES"):
        assert "expected yes or no" in refusal(SECRET_KEYS=KEY, ALLOW_ASYNC_COMMIT=written)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "//x",
        "https://",
        "https:///x",
        "https://x?y=1",
        "https://x#y",
        "javascript:alert(1)",
        "http://[::1",
        "",
        " ",
    ],
)
def test_what_is_no_address_of_ours(url: str) -> None:
    assert "TACTFUL_BASE_URL" in refusal(SECRET_KEYS=KEY, BASE_URL=url)


class TestSecrets:
    def test_a_file_holds_them(self, tmp_path: Path) -> None:
        file = tmp_path / "keys"
        file.write_text(f"{KEY},{OTHER}\n")
        assert read(SECRET_KEYS_FILE=str(file))[0].secret_keys == (KEY, OTHER)
        assert read(SECRET_KEYS_FILE=str(file), SECRET_KEYS="ignored")[0].secret_keys == (KEY, OTHER)

    def test_a_file_that_cannot_be_read_is_a_fault(self, tmp_path: Path) -> None:
        assert "TACTFUL_SECRET_KEYS: " in refusal(SECRET_KEYS_FILE=str(tmp_path / "absent"))
        (tmp_path / "bytes").write_bytes(b"\xff" * 40)
        assert "TACTFUL_SECRET_KEYS: " in refusal(SECRET_KEYS_FILE=str(tmp_path / "bytes"))

    def test_only_secrets_are_read_from_files(self, tmp_path: Path) -> None:
        file = tmp_path / "url"
        file.write_text("https://elsewhere.example")
        assert read(SECRET_KEYS=KEY, BASE_URL_FILE=str(file))[0].base_url == "http://localhost:8000"
        assert [setting.name for setting in SETTINGS if setting.secret] == ["DATABASE_URL", "SECRET_KEYS"]

    def test_they_are_not_shown(self) -> None:
        assert KEY not in repr(read(SECRET_KEYS=KEY)[0])


class TestDevelopmentKey:
    def test_is_made_once_for_its_owner_alone(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/t.db"
        first, again = read(DATABASE_URL=url)[0], read(DATABASE_URL=url)[0]
        assert first.secret_keys == again.secret_keys
        assert len(first.secret_keys[0]) >= 32
        assert stat.S_IMODE((tmp_path / "t.db.key").stat().st_mode) == 0o600

    def test_every_installation_has_its_own(self, tmp_path: Path) -> None:
        keys = {read(DATABASE_URL=f"sqlite:///{tmp_path}/{name}.db")[0].secret_keys for name in "abc"}
        assert len(keys) == 3

    @pytest.mark.parametrize("kept", [b"", b"\n", b"short", b"\xff\xfe"])
    def test_half_of_one_signs_nothing(self, tmp_path: Path, kept: bytes) -> None:
        """A crash between making the file and writing it would leave an empty key, with which anybody can sign."""
        (tmp_path / "t.db.key").write_bytes(kept)
        with pytest.raises(CannotStart) as refused:
            read(DATABASE_URL=f"sqlite:///{tmp_path}/t.db")
        assert refused.value.code == "bad_key_file"
        assert "delete it" in refused.value.message


def test_how_much_is_let_in() -> None:
    settings = read(SECRET_KEYS=KEY, RATE_ADDRESS="0", RATE_INGEST="50")[0]
    assert (settings.rate_address, settings.rate_ingest) == (0, 50)
    plain = Settings(settings.database_url, (KEY,), "")
    assert (settings.rate_project, settings.rate_person) == (plain.rate_project, plain.rate_person)
    for bad in ("", "-1", "1.5", "many", "1/s", "1" * 7, "٣"):
        assert "TACTFUL_RATE_PERSON" in refusal(SECRET_KEYS=KEY, RATE_PERSON=bad)
