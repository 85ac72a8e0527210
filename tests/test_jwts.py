"""Tokens: HS256 and nothing else, never for ever, and what is inside is trusted because of who signed it."""

from __future__ import annotations

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.spans import DAY_MS
from tactful.identity import REASONS, Belief, Claim, Refused, Secret, Terms, Vouched, believe, hash_user

VECTORS = json.loads((Path(__file__).parent / "cases" / "identity-vectors.json").read_text())
SECRET, USER = VECTORS["secret"], VECTORS["user_id"]
NOW = 1_795_284_000  # the vectors' `iat`, in seconds
OTHER = "ffffffffffffffffffffffffffffffff"


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token(claims: Any, secret: str = SECRET, *, alg: Any = "HS256", digest: str = "sha256", **header: Any) -> str:
    """Sign by hand: what no library would sign has to be refused too."""
    written = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{b64(json.dumps({'alg': alg, 'typ': 'JWT'} | header).encode())}.{b64(written)}"
    return f"{signed}.{b64(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def good(**claims: Any) -> dict[str, Any]:
    return {"user_id": USER, "iat": NOW, "exp": NOW + 3_600} | claims


def told(text: str, user_id: str | None = USER, *, now: float = NOW, **terms: Any) -> Belief:
    """What a token is worth to a project with the vectors' secret."""
    return believe(
        Claim("b", user_id, (), (text,)),
        Terms(**{"mode": "enforce", "secrets": (Secret("s", SECRET),), "audiences": frozenset({"pk_1"})} | terms),
        int(now * 1_000),
    )


def refused(text: str, user_id: str | None = USER, **fields: Any) -> str:
    with pytest.raises(Refused) as error:
        told(text, user_id, **fields)
    assert error.value.code == "identity_refused"
    assert error.value.reason in REASONS
    return error.value.reason


class TestVectors:
    def test_the_hashes(self) -> None:
        assert hash_user(SECRET, USER) == VECTORS["hmac_sha256_hex_user_id"]
        assert hash_user(SECRET, VECTORS["email"]) == VECTORS["hmac_sha256_hex_email"]

    @pytest.mark.parametrize("name", ["jwt_intercom_style", "jwt_sub_style"])
    def test_the_tokens(self, name: str) -> None:
        identity = told(VECTORS[name]).identity
        assert (identity.user_id, identity.proved, identity.guarded) == (USER, True, False)
        assert identity.vouched == Vouched({"email": "ada@example.test", "name": "Ada"})
        assert told(VECTORS[name], None).identity == identity, "the page need not name its user besides"
        assert refused(VECTORS[name], "u_43") == "other_user"
        assert refused(VECTORS[name], now=NOW + 3_660) == "expired"
        assert refused(VECTORS[name], secrets=(Secret("s", OTHER),)) == "wrong"


class TestAlgorithm:
    @pytest.mark.parametrize(
        "alg", ["none", "None", "", "HS384", "HS512", "RS256", "ES256", "hs256", None, 1, ["HS256"]]
    )
    def test_every_other_is_refused(self, alg: Any) -> None:
        assert refused(token(good(), alg=alg)) == "algorithm"

    def test_a_token_without_a_signature(self) -> None:
        for alg in ("none", "HS256"):
            unsigned = token(good(), alg=alg).rpartition(".")[0] + "."
            assert refused(unsigned) in ("algorithm", "wrong")

    def test_a_longer_digest_under_the_right_name(self) -> None:
        for digest in ("sha384", "sha512", "sha1"):
            assert refused(token(good(), digest=digest)) == "wrong"

    def test_a_key_that_the_token_brings_along_is_not_looked_at(self) -> None:
        jwk = {"kty": "oct", "k": b64(OTHER.encode())}
        for header in (
            {"jwk": jwk},
            {"kid": "../../dev/null"},
            {"jku": "https://evil.test"},
            {"x5u": "https://evil.test"},
        ):
            assert refused(token(good(), OTHER, **header)) == "wrong"
            assert told(token(good(), **header)).identity.proved

    def test_what_must_be_understood_and_is_not(self) -> None:
        assert refused(token(good(), crit=["exp"])) == "malformed"
        assert refused(token(good(), crit=["b64"], b64=False)) == "malformed"

    def test_a_public_key_is_not_the_secret(self) -> None:
        """The swap of algorithms: an RS256 project's public key as the key of an HS256 token."""
        pem = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----"
        assert refused(token(good(), pem)) == "wrong"


class TestTime:
    @pytest.mark.parametrize(
        ("claims", "now", "reason"),
        [
            ({"exp": None}, NOW, "no_expiry"),
            ({"exp": NOW - 60}, NOW, "expired"),
            ({"exp": NOW - 59}, NOW, None),
            ({"exp": NOW + 86_460}, NOW, None),
            ({"exp": NOW + 86_461}, NOW, "too_long"),
            ({"exp": NOW + 86_461}, NOW + 80_000, "too_long"),
            ({"exp": NOW + 86_461, "iat": None}, NOW + 80_000, None),
            ({"exp": (NOW + 60) * 1_000}, NOW, "too_long"),
            ({"exp": NOW + 1e300}, NOW, "too_long"),
            ({"iat": NOW + 60}, NOW, None),
            ({"iat": NOW + 61}, NOW, "not_yet"),
            ({"nbf": NOW + 61}, NOW, "not_yet"),
            ({"nbf": NOW + 61}, NOW + 1, None),
            ({"exp": NOW + 0.5, "iat": NOW - 0.5}, NOW, None),
            *(({"exp": value}, NOW, "malformed") for value in (True, "soon", str(NOW + 60), [], {}, -1)),
            *(({"iat": value}, NOW, "malformed") for value in (False, "now", -1)),
            ({"exp": 1e308}, NOW, "malformed"),
            ({"nbf": True}, NOW, "malformed"),
        ],
    )
    def test_what_time_makes_of_it(self, claims: dict[str, Any], now: int, reason: str | None) -> None:
        text = token({name: value for name, value in good(**claims).items() if value is not None})
        if reason is None:
            assert told(text, now=now).identity.proved
        else:
            assert refused(text, now=now) == reason

    def test_a_project_may_allow_longer(self) -> None:
        text = token(good(exp=NOW + 7 * 86_400))
        assert refused(text) == "too_long"
        assert told(text, longest_ms=7 * DAY_MS).identity.proved


class TestWho:
    @pytest.mark.parametrize(
        ("claims", "user_id"),
        [
            ({"user_id": 42}, "42"),
            ({"user_id": None, "sub": "u_42"}, "u_42"),
            ({"user_id": None, "id": 7}, "7"),
            ({"user_id": "u_42", "sub": "auth|1", "id": "row-1"}, "u_42"),
            ({"user_id": " Zoe\u0308 "}, "Zo\u00eb"),
            ({"user_id": "用户\U0001f600"}, "用户\U0001f600"),
        ],
    )
    def test_whom_it_names(self, claims: dict[str, Any], user_id: str) -> None:
        assert told(token(good(**claims)), None).identity.user_id == user_id
        assert told(token(good(**claims)), user_id).identity.user_id == user_id

    @pytest.mark.parametrize("value", [True, False, 1.5, [], {}, "", "  ", "a\0b", "x" * 257, ["u_42"]])
    def test_what_names_nobody(self, value: Any) -> None:
        assert refused(token(good(user_id=value, sub="u_43")), None) == "no_user"

    def test_nobody_at_all(self) -> None:
        assert refused(token({"exp": NOW + 60, "email": "ada@example.test"}), None) == "no_user"

    @pytest.mark.parametrize(
        ("audience", "taken"),
        [
            ("pk_1", True),
            (["x", "pk_1"], True),
            ("pk_2", False),
            ([], False),
            ("", False),
            ({"pk_1": 1}, False),
            (7, False),
        ],
    )
    def test_an_audience_that_is_there_is_this_project(self, audience: Any, taken: bool) -> None:
        if taken:
            assert told(token(good(aud=audience))).identity.proved
        else:
            assert refused(token(good(aud=audience))) == "audience"

    def test_what_it_vouches_for(self) -> None:
        claims = good(jti="1", iss="x", plan="pro", traits={"plan": "team", "seats": 3}, account={"id": 9, "name": "A"})
        assert told(token(claims)).identity.vouched == Vouched({"plan": "team", "seats": 3}, "9", {"name": "A"})
        assert told(token(good(account="acme"))).identity.vouched == Vouched({}, "acme", {})
        for account in (None, True, {}, {"id": None}, []):
            assert told(token(good(account=account))).identity.vouched == Vouched({})


class TestShape:
    @pytest.mark.parametrize(
        "text",
        ["", ".", "..", "a.b.c", "a.b", "eyJhbGciOiJIUzI1NiJ9.e30", "\ud800.a.b", "é.é.é", "x" * 10_000, "." * 5_000],
    )
    def test_what_is_no_token(self, text: str) -> None:
        assert refused(text) == "malformed"

    def test_one_that_is_too_long_is_not_even_looked_at(self) -> None:
        assert refused(token(good(padding="x" * 10_000))) == "malformed"

    @pytest.mark.parametrize(
        "payload", [b"[]", b"null", b"1", b"\xff", b"{", b'{"exp": NaN}', b'{"a":"\\ud800"}', b"[" * 3_000]
    )
    def test_what_is_signed_and_says_nothing(self, payload: bytes) -> None:
        assert refused(token(payload)) == "malformed"

    def test_one_that_was_cut_off_anywhere(self) -> None:
        text = token(good())
        for end in range(len(text)):
            assert refused(text[:end]) in ("malformed", "wrong")

    @given(st.data())
    def test_one_in_which_anything_was_changed(self, data: st.DataObject) -> None:
        text = token(good())
        at = data.draw(st.integers(0, len(text) - 1))
        letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="))
        if letter != text[at]:
            assert refused(text[:at] + letter + text[at + 1 :]) in ("malformed", "wrong", "algorithm")

    @given(st.text(max_size=300))
    def test_anything_else(self, text: str) -> None:
        assert refused(text) in ("malformed", "algorithm")


class TestSecrets:
    def test_either_live_one(self) -> None:
        both = (Secret("new", OTHER), Secret("old", SECRET))
        assert told(token(good()), secrets=both).secret_ids == ("old",)
        assert told(token(good(), OTHER), secrets=both).secret_ids == ("new",)

    def test_one_for_hashes_takes_no_token(self) -> None:
        """Whoever may choose the text that a hash is made over can have a token made: this is how to rule it out."""
        chosen = token(good(user_id="admin")).rpartition(".")[0]
        forged = f"{chosen}.{b64(bytes.fromhex(hash_user(SECRET, chosen)))}"
        assert told(forged, "admin").identity.proved, "the danger is real"
        assert refused(forged, "admin", secrets=(Secret("s", SECRET, "hash"),)) == "wrong"
        assert told(forged, "admin", secrets=(Secret("s", SECRET, "token"),)).identity.proved

    def test_a_short_secret_of_another_product_is_no_warning(self) -> None:
        short = "a-secret-of-24-letters-x"
        assert told(token(good(), short), secrets=(Secret("s", short),)).identity.proved

    def test_a_hash_beside_a_token_must_be_good_too(self) -> None:
        claim = Claim("b", USER, (hash_user(OTHER, USER),), (token(good()),))
        with pytest.raises(Refused):
            believe(claim, Terms("off", (Secret("s", SECRET),)), NOW * 1_000)
