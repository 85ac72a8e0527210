"""Verifying webhooks: the official vector, real senders' forms, and every way to be refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.reading import read_receiver
from tactful.core.receivers import (
    MEMORY_MS,
    PRESETS,
    VERDICTS,
    Auth,
    Basic,
    Bearer,
    Header,
    Hmac,
    Open,
    Part,
    Verdict,
    secret_fault,
    verify,
)
from tactful.store.forgetting import REMEMBER_MESSAGES_MS

VECTOR = json.loads((Path(__file__).parents[1] / "cases/receivers/standard-webhooks.json").read_bytes())
BODY = VECTOR["body"].encode()
NOW = VECTOR["timestamp"] * 1_000
SECRET = "a secret of the sender's"
OTHER = "another secret, newer"


def auth_of(preset: str) -> Auth:
    value = read_receiver({"key": "a", "preset": preset}).value
    assert value is not None
    return value.auth


def vector_headers(**changed: str) -> dict[str, str]:
    told = {"id": VECTOR["id"], "timestamp": str(VECTOR["timestamp"]), "signature": VECTOR["signature"], **changed}
    return {f"webhook-{name}": value for name, value in told.items()}


def standard(headers: Mapping[str, str], body: bytes = BODY, now: int = NOW, secrets: Any = None) -> Verdict:
    return verify(auth_of("standard-webhooks"), secrets or [VECTOR["secret"]], headers, body, now)


def signed(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), content, getattr(hashlib, algorithm)).hexdigest()


def test_the_vector_is_verified() -> None:
    verdict = standard(vector_headers())
    assert (verdict.ok, verdict.code, verdict.secret, verdict.message_id) == (True, "verified", 0, VECTOR["id"])
    assert [step.what for step in verdict.steps] == ["signature", "timestamp"]
    assert all(step.ok for step in verdict.steps)


def test_headers_may_be_in_any_case() -> None:
    assert standard({name.upper(): value for name, value in vector_headers().items()}).ok
    assert standard({name.title(): value for name, value in vector_headers().items()}).ok


@pytest.mark.parametrize("place", range(len(BODY)))
def test_every_byte_of_the_body_is_signed(place: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= 1
    assert standard(vector_headers(), bytes(changed)).code == "signature_wrong"


def test_every_character_of_what_is_signed_along_is_signed() -> None:
    for name, value in vector_headers().items():
        for place, char in enumerate(value):
            other = chr(ord(char) ^ 1)
            verdict = standard({**vector_headers(), name: value[:place] + other + value[place + 1 :]})
            assert verdict.code in ("signature_wrong", "signature_unreadable"), (name, place)


def test_an_id_cannot_borrow_from_the_timestamp() -> None:
    """`{id}.{timestamp}.{body}` is one text for many splits; the ids and times of all others are none."""
    headers = {**vector_headers(), "webhook-id": f"{VECTOR['id']}.{VECTOR['timestamp']}", "webhook-timestamp": ""}
    assert standard(headers).code == "timestamp_missing"


@pytest.mark.parametrize(
    ("off_s", "code"),
    [(300, "verified"), (301, "timestamp_old"), (-300, "verified"), (-301, "timestamp_future")],
)
def test_what_was_signed_too_long_ago_or_in_the_future_is_refused(off_s: int, code: str) -> None:
    assert standard(vector_headers(), now=NOW + off_s * 1_000).code == code


def test_old_and_forged_is_forged() -> None:
    assert standard(vector_headers(), b"{}", NOW + 9_000_000).code == "signature_wrong"


def test_both_secrets_are_good_while_they_change() -> None:
    for secrets, place in (([OTHER, SECRET], 1), ([SECRET, OTHER], 0)):
        headers = {"X-Hub-Signature": f"sha1={signed(SECRET, BODY, 'sha1')}"}
        assert verify(auth_of("intercom"), secrets, headers, BODY, NOW).secret == place
    assert verify(auth_of("intercom"), [OTHER], headers, BODY, NOW).code == "signature_wrong"


def test_one_of_several_signatures_is_enough() -> None:
    good = VECTOR["signature"]
    assert standard(vector_headers(signature=f"v1,bm9uZQ== {good}")).ok
    assert standard(vector_headers(signature=f"v1a,bm9uZQ== {good} v1,")).ok
    assert standard(vector_headers(signature=" ".join(["v1,bm9uZQ=="] * 20 + [good]))).code == "signature_wrong"


def test_a_signature_counts_in_its_place_alone() -> None:
    bare = VECTOR["signature"].removeprefix("v1,")
    assert standard(vector_headers(signature=bare)).code == "signature_unreadable"
    assert standard(vector_headers(signature=f"v1a,{bare}")).code == "signature_unreadable"
    assert standard(vector_headers(signature=f"v1,{bare.rstrip('=')}")).code == "signature_wrong"


def test_stripe_s_header_is_read() -> None:
    """As documented: `t` and `v1` in one header, the secret with its `whsec_` as the key, `v0` of test mode ignored."""
    secret, at = "whsec_test_secret_of_stripe", NOW // 1_000
    signature = signed(secret, b"%d." % at + BODY)
    for header in (f"t={at},v1={signature}", f"t={at}, v1=00,v1={signature},v0={'0' * 64}"):
        assert verify(auth_of("stripe"), [secret], {"stripe-signature": header}, BODY, NOW).ok
    for header, code in (
        (f"t={at},v0={signature}", "signature_unreadable"),
        (f"t={at + 1},v1={signature}", "signature_wrong"),
        (f"v1={signature}", "timestamp_missing"),
        (f"t=,v1={signature}", "timestamp_missing"),
        ("", "timestamp_missing"),
    ):
        assert verify(auth_of("stripe"), [secret], {"stripe-signature": header}, BODY, NOW).code == code


def test_chatwoot_s_headers_are_read() -> None:
    at = NOW // 1_000
    headers = {
        "X-Chatwoot-Timestamp": str(at),
        "X-Chatwoot-Signature": f"sha256={signed(SECRET, b'%d.' % at + BODY)}",
    }
    assert verify(auth_of("chatwoot"), [SECRET], headers, BODY, NOW).ok
    del headers["X-Chatwoot-Timestamp"]
    assert verify(auth_of("chatwoot"), [SECRET], headers, BODY, NOW).code == "timestamp_missing"


def test_intercom_s_header_is_read() -> None:
    good = signed(SECRET, BODY, "sha1")
    for header, code in (
        (f"sha1={good}", "verified"),
        (f"sha1={good.upper()}", "verified"),
        (f"sha256={good}", "signature_unreadable"),
        (good, "signature_unreadable"),
        ("sha1=", "signature_unreadable"),
        (f"sha1={good[:-1]}", "signature_wrong"),
        (" ", "signature_missing"),
    ):
        assert verify(auth_of("intercom"), [SECRET], {"X-Hub-Signature": header}, BODY, NOW).code == code


def test_times_may_be_written_in_several_ways() -> None:
    auth = Hmac(Part("x-sig"), content="{timestamp}{body}", encoding="base64", timestamp=Part("x-time"))
    for written in (str(NOW // 1_000), str(NOW), "2026-11-21T18:30:26Z"):
        digest = hmac.new(SECRET.encode(), written.encode() + BODY, hashlib.sha256).digest()
        headers = {"x-sig": base64.b64encode(digest).decode(), "x-time": written}
        assert verify(auth, [SECRET], headers, BODY, NOW).ok, written
    headers = {"x-sig": signed(SECRET, b"soon" + BODY), "x-time": "soon"}
    auth = Hmac(Part("x-sig"), content="{timestamp}{body}", timestamp=Part("x-time"))
    assert verify(auth, [SECRET], headers, BODY, NOW).code == "timestamp_unreadable"


def test_what_is_sent_is_never_a_slot() -> None:
    auth = Hmac(Part("x-sig"), content="{id}.{body}", message_id=Part("x-id"))
    headers = {"x-id": "{body}", "x-sig": signed(SECRET, b"{body}." + BODY)}
    assert verify(auth, [SECRET], headers, BODY, NOW).ok
    assert verify(auth, [SECRET], {"x-sig": headers["x-sig"]}, BODY, NOW).code == "id_missing"


@pytest.mark.parametrize(
    ("auth", "headers", "code"),
    [
        (Open(), {}, "unsigned"),
        (Bearer(), {"authorization": f"bearer {SECRET}"}, "verified"),
        (Bearer(), {"authorization": f"Bearer  {SECRET} "}, "verified"),
        (Bearer(), {"authorization": f"Bearer {SECRET}."}, "credentials_wrong"),
        (Bearer(), {"authorization": f"Basic {SECRET}"}, "credentials_wrong"),
        (Bearer(), {}, "credentials_missing"),
        (Basic("me"), {"authorization": "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()}, "verified"),
        (
            Basic("me"),
            {"authorization": "Basic " + base64.b64encode(f"you:{SECRET}".encode()).decode()},
            "credentials_wrong",
        ),
        (Basic("me"), {"authorization": f"Bearer {SECRET}"}, "credentials_wrong"),
        (Header("X-Token"), {"x-TOKEN": SECRET}, "verified"),
        (Header("X-Token"), {"x-token": f"{SECRET}\ud800\xff"}, "credentials_wrong"),
        (Header("X-Token"), {"x-token": ""}, "credentials_missing"),
    ],
)
def test_a_secret_may_be_sent_along(auth: Auth, headers: dict[str, str], code: str) -> None:
    verdict = verify(auth, [OTHER, SECRET], headers, BODY, NOW)
    assert verdict.code == code
    assert verdict.ok == (code in ("verified", "unsigned"))


@pytest.mark.parametrize("preset", list(PRESETS))
def test_without_a_secret_nothing_is_believed(preset: str) -> None:
    verdict = verify(auth_of(preset), [], {}, BODY, NOW)
    assert (verdict.ok, verdict.code) == (False, "no_secret")


def test_a_secret_that_is_none_signs_nothing() -> None:
    assert standard(vector_headers(), secrets=["whsec_?"]).code == "signature_wrong"
    assert standard(vector_headers(), secrets=["whsec_"]).code == "signature_wrong"


@pytest.mark.parametrize(
    ("auth", "secret", "told"),
    [
        (Open(), SECRET, "takes no secret"),
        (Bearer(), SECRET, ""),
        (Bearer(), "short", "characters"),
        (Bearer(), "x" * 501, "characters"),
        (Bearer(), "naïve secret", "ASCII"),
        (Basic("me"), "naïve secret", ""),
        (Bearer(), " with spaces ", "one line"),
        (Bearer(), "with\na line", "one line"),
        (Hmac(Part("x"), secret_form="whsec"), VECTOR["secret"], ""),
        (Hmac(Part("x"), secret_form="whsec"), "whsec_no base64", "whsec_"),
        (Hmac(Part("x")), SECRET, ""),
    ],
)
def test_secrets_that_will_not_do_are_told(auth: Auth, secret: str, told: str) -> None:
    fault = secret_fault(auth, secret)
    assert told in fault
    assert bool(told) == bool(fault)


TEXTS = st.text(max_size=20)
HEADERS = st.dictionaries(st.sampled_from(["authorization", "X-Sig", "x-time", "x-id"]) | TEXTS, TEXTS)
PARTS = st.builds(
    Part, st.sampled_from(["x-sig", "x-time"]), st.sampled_from(["", "t="]), st.sampled_from(["none", "comma", "space"])
)
AUTHS = st.one_of(
    st.just(Open()),
    st.just(Bearer()),
    st.builds(Basic, TEXTS),
    st.just(Header("x-sig")),
    st.builds(
        Hmac,
        PARTS,
        st.sampled_from(["sha1", "sha256", "sha512"]),
        st.sampled_from(["hex", "base64"]),
        st.sampled_from(["raw", "whsec"]),
        st.sampled_from(["{body}", "{timestamp}.{body}"]) | TEXTS,
        st.none() | PARTS,
        st.none() | PARTS,
    ),
)


@given(AUTHS, st.lists(TEXTS, max_size=2), HEADERS, st.binary(max_size=50))
def test_anything_gets_a_verdict_without_secrets_in_it(
    auth: Auth, secrets: list[str], headers: dict[str, str], body: bytes
) -> None:
    verdict = verify(auth, secrets, headers, body, NOW)
    assert verdict.message == VERDICTS[verdict.code]
    assert verdict.ok == (verdict.code in ("verified", "unsigned"))
    for secret in secrets:
        secret_fault(auth, secret)


def test_no_verdict_tells_a_secret_or_what_was_expected() -> None:
    expected = signed(SECRET, BODY, "sha1")
    for header in ("", "sha1=00", f"sha1={expected}"):
        told = repr(verify(auth_of("intercom"), [SECRET], {"X-Hub-Signature": header}, BODY, NOW))
        assert SECRET not in told
        assert expected not in told


def test_a_message_is_remembered_for_as_long_as_is_said() -> None:
    assert MEMORY_MS == REMEMBER_MESSAGES_MS
