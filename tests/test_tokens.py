"""Tokens: what was not signed here, for this, opens nothing; what was, opens for exactly as long as it says."""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.errors import Unauthorized
from tactful.tokens import ASK, LONGEST_TOKEN, OFFER, PASS, Purpose, Tokens
from tests.support.clock import START, SetClock

KEY = "the first key of this installation, long"
NEXT_KEY = "the second key of this installation, new"

PAYLOADS: dict[Purpose, list[object]] = {
    PASS: ["project-1"],
    OFFER: ["project-1", "person-1", "offer-1", "nps", 3, {"course": "algebra"}],
    ASK: ["project-1", "person-1", "ask-1", "nps", 3],
}
_SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
PURPOSES = list(PAYLOADS)
every_purpose = pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: purpose.name)

LETTERS = string.ascii_letters + string.digits + "-_"


def tokens(*keys: str, at: int = START) -> Tokens:
    return Tokens(keys or (KEY,), SetClock(at))


def signed(purpose: Purpose, *keys: str, at: int = START) -> str:
    return tokens(*keys, at=at).sign(purpose, PAYLOADS[purpose])


def library_signer(purpose: Purpose) -> TimestampSigner:
    """The library's own signer with our key, for what only somebody with the key could sign."""
    return TimestampSigner(
        KEY, salt=f"tactful.{purpose.name}", key_derivation="hmac", digest_method=staticmethod(hashlib.sha256)
    )


def opens(purpose: Purpose, token: str, *keys: str, at: int = START) -> bool:
    try:
        tokens(*keys, at=at).read(purpose, token)
    except Unauthorized:
        return False
    return True


def outcome(reader: Tokens, purpose: Purpose, token: str) -> str:
    """The code of the refusal, or `opened`."""
    try:
        reader.read(purpose, token)
    except Unauthorized as refused:
        return refused.code + ("" if not refused.payload else " but told what it says")
    return "opened"


def accepted(purpose: Purpose, forged: Iterator[str]) -> list[str]:
    """The forgeries, out of many, that meet with anything but a refusal as invalid."""
    reader, tried = tokens(), list(forged)
    assert tried
    return [token for token in tried if outcome(reader, purpose, token) != f"{purpose.name}_invalid"]


def flips(token: str, per_byte: int) -> Iterator[str]:
    """The token with one byte changed in `per_byte` ways at every place; all 255 ways at five places."""
    body = token.encode()
    all_ways = {0, len(body) // 3, token.index("."), token.rindex("."), len(body) - 1}
    for place, byte in enumerate(body):
        ways = range(1, 256) if place in all_ways else [1 << (place + way) % 8 for way in range(per_byte)]
        for way in ways:
            yield (body[:place] + bytes([byte ^ way]) + body[place + 1 :]).decode("latin-1")


@every_purpose
def test_reads_what_it_signed(purpose: Purpose) -> None:
    opened = tokens().read(purpose, signed(purpose))
    assert opened.payload == PAYLOADS[purpose]
    assert opened.expires_at == START + purpose.lifetime_ms


@every_purpose
def test_no_changed_byte_is_accepted(purpose: Purpose) -> None:
    assert accepted(purpose, flips(signed(purpose), per_byte=4)) == []


@every_purpose
def test_no_letter_of_the_alphabet_in_any_other_place_is_accepted(purpose: Purpose) -> None:
    token = signed(purpose)
    other = (
        token[:place] + letter + token[place + 1 :]
        for place, there in enumerate(token)
        for letter in LETTERS
        if letter != there
    )
    assert accepted(purpose, other) == []


@every_purpose
def test_no_part_of_a_token_is_accepted(purpose: Purpose) -> None:
    token = signed(purpose)
    assert accepted(purpose, (token[:length] for length in range(len(token)))) == []
    assert accepted(purpose, (token[start:] for start in range(1, len(token) + 1))) == []


@every_purpose
def test_nothing_put_into_a_token_is_accepted(purpose: Purpose) -> None:
    token = signed(purpose)
    extra = ("A", "=", ".", "-", " ", "\n", "\t", "%", "\0", "é", "A" * 4)
    longer = (token[:place] + more + token[place:] for place in range(len(token) + 1) for more in extra)
    assert accepted(purpose, longer) == []


@every_purpose
def test_parts_of_two_good_tokens_make_no_third(purpose: Purpose) -> None:
    service = tokens()
    first = service.sign(purpose, PAYLOADS[purpose]).split(".")
    second = service.sign(purpose, ["project-2", *PAYLOADS[purpose][1:]], at_ms=START - MINUTE_MS).split(".")
    mixed = (
        f"{a}.{b}.{c}"
        for a in (first[0], second[0])
        for b in (first[1], second[1])
        for c in (first[2], second[2])
        if [a, b, c] not in (first, second)
    )
    assert accepted(purpose, mixed) == []
    orders = (".".join((first[i], first[j], first[k])) for i, j, k in ((0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0)))
    assert accepted(purpose, orders) == []
    assert accepted(purpose, iter([".".join(first[:2]), "..", ".", "", ".".join([*first, first[2]])])) == []


@every_purpose
def test_one_signature_has_one_spelling(purpose: Purpose) -> None:
    """The last letter of a signature has unused bits; decoders that ignore them accept several spellings."""
    token = signed(purpose)
    head, _, signature = token.rpartition(".")
    raw = base64_decode(signature)
    spellings = [letter for letter in LETTERS if base64_decode(signature[:-1] + letter) == raw]
    assert len(spellings) > 1, "there are other spellings that decode alike"
    assert [letter for letter in spellings if opens(purpose, f"{head}.{signature[:-1]}{letter}")] == [signature[-1]]
    assert not opens(purpose, f"{token}=")
    assert not opens(purpose, f"{head}.{signature.translate(str.maketrans('-_', '+/'))}=")


@every_purpose
def test_the_library_itself_would_have_taken_another_spelling(purpose: Purpose) -> None:
    """Should this fail, the library has become strict and our check is no longer needed."""
    signer = library_signer(purpose)
    value, _, signature = signed(purpose).rpartition(".")
    raw = base64_decode(signature)
    spelled = next(
        signature[:-1] + letter
        for letter in LETTERS
        if letter != signature[-1] and base64_decode(signature[:-1] + letter) == raw
    )
    assert signer.verify_signature(value, spelled)
    assert not opens(purpose, f"{value}.{spelled}")


def test_no_purpose_opens_another() -> None:
    opened = {(made.name, read.name) for made in PURPOSES for read in PURPOSES if opens(read, signed(made))}
    assert opened == {(purpose.name, purpose.name) for purpose in PURPOSES}


@every_purpose
def test_another_installation_opens_nothing(purpose: Purpose) -> None:
    assert not opens(purpose, signed(purpose, NEXT_KEY), KEY)
    bare = TimestampSigner(KEY).sign(base64_encode(orjson.dumps(PAYLOADS[purpose]))).decode()
    assert not opens(purpose, bare), "the key alone, without the purpose, signs nothing"


class TestRotation:
    @every_purpose
    def test_every_live_key_opens_and_the_newest_signs(self, purpose: Purpose) -> None:
        old = signed(purpose, KEY)
        new = signed(purpose, NEXT_KEY, KEY)
        assert opens(purpose, old, NEXT_KEY, KEY)
        assert opens(purpose, new, NEXT_KEY, KEY)
        assert opens(purpose, new, NEXT_KEY), "signed by the newest"
        assert not opens(purpose, new, KEY)

    @every_purpose
    def test_a_key_that_was_taken_away_opens_nothing(self, purpose: Purpose) -> None:
        assert not opens(purpose, signed(purpose, KEY), NEXT_KEY)
        assert opens(purpose, signed(purpose, NEXT_KEY, KEY), "a third key of this installation, newer!", NEXT_KEY)


class TestExpiry:
    @every_purpose
    def test_is_exact(self, purpose: Purpose) -> None:
        token = signed(purpose)
        assert opens(purpose, token, at=START + purpose.lifetime_ms)
        with pytest.raises(Unauthorized) as expired:
            tokens(at=START + purpose.lifetime_ms + 1).read(purpose, token)
        assert expired.value.code == f"{purpose.name}_expired"
        assert expired.value.payload == PAYLOADS[purpose], "we signed it, so what it says may be used to renew it"

    def test_a_changed_token_is_invalid_rather_than_expired(self) -> None:
        token = signed(PASS)
        with pytest.raises(Unauthorized) as refused:
            tokens(at=START + 400 * DAY_MS).read(PASS, f"{token[:-2]}AA")
        assert refused.value.code == "pass_invalid"
        assert not refused.value.payload

    def test_a_later_time_of_making_cannot_be_claimed(self) -> None:
        value, _, signature = signed(OFFER).split(".")
        later = base64_encode((START // 1_000 + 600).to_bytes(4, "big")).decode()
        assert not opens(OFFER, f"{value}.{later}.{signature}")

    @every_purpose
    @pytest.mark.parametrize("back_ms", [1_000, DAY_MS, 400 * DAY_MS])
    def test_a_clock_set_back_keeps_tokens_good(self, purpose: Purpose, back_ms: int) -> None:
        assert opens(purpose, signed(purpose), at=START - back_ms)

    def test_lifetimes_are_those_promised(self) -> None:
        assert {purpose.name: purpose.lifetime_ms for purpose in PURPOSES} == {
            "pass": 14 * DAY_MS,
            "offer": 10 * MINUTE_MS,
            "ask": 30 * DAY_MS,
        }

    def test_a_time_given_is_the_time_signed(self) -> None:
        midnight = START - START % DAY_MS
        service = tokens()
        assert service.sign(PASS, ["p"], at_ms=midnight) == service.sign(PASS, ["p"], at_ms=midnight)
        assert service.read(PASS, service.sign(PASS, ["p"], at_ms=midnight)).expires_at == midnight + 14 * DAY_MS


class TestAnything:
    @given(st.text(max_size=300))
    def test_any_text_is_refused(self, text: str) -> None:
        assert not opens(OFFER, text)

    @given(st.binary(max_size=300), st.binary(max_size=6), st.binary(max_size=40))
    def test_anything_in_the_shape_of_a_token_is_refused(self, value: bytes, made: bytes, signature: bytes) -> None:
        assert not opens(ASK, b".".join(map(base64_encode, (value, made, signature))).decode())

    def test_a_payload_that_is_no_json_is_refused_although_signed(self) -> None:
        signer = library_signer(ASK)
        assert opens(ASK, signer.sign(base64_encode(orjson.dumps(PAYLOADS[ASK]))).decode())
        for value in (b"bm90IGpzb24", b"A", b"not base64 at all"):
            assert not opens(ASK, signer.sign(value).decode())

    def test_what_is_longer_than_any_token_is_not_even_looked_at(self) -> None:
        long = tokens().sign(OFFER, ["x" * LONGEST_TOKEN])
        assert not opens(OFFER, long)

    def test_the_largest_offer_that_can_be_made_is_read(self) -> None:
        values = {f"{n}{'p' * 119}": "\x01" * 200 for n in range(10)}
        offer = tokens().sign(OFFER, ["p" * 26, "q" * 26, "o" * 30, "s" * 64, 10**6, values])
        assert opens(OFFER, offer), len(offer)


@given(_SECRETS, st.lists(_SECRETS | st.integers(0, 2**53), max_size=5))
def test_a_signature_is_hmac_sha256_under_the_purposes_key(secret: str, payload: list[object]) -> None:
    token = Tokens([secret], SetClock(START)).sign(ASK, payload)
    value, _, signature = token.encode().rpartition(b".")
    key = hmac.digest(secret.encode(), b"tactful.ask", "sha256")
    assert signature == base64_encode(hmac.digest(key, value, "sha256"))
