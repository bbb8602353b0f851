"""Status lists: bits, the chance by which they are given out, and lists that are not to be read."""

from __future__ import annotations

import gzip
from base64 import urlsafe_b64encode
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from ledger.records.documents import RecordError
from ledger.records.issuers import IssuerKey, issuer_document
from ledger.records.proofs import proven, with_proof
from ledger.records.status import (
    LIST_BITS,
    StatusEntry,
    StatusListFullError,
    decoded,
    encoded,
    free_index,
    is_revoked,
    status_list,
)
from ledger.records.tokens import as_token, from_token
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    PROOF_KEY,
    SIGNED_AT,
    TOKEN_KEY,
    changed,
    signed,
)

URL = "https://records.district.example/status/1"


def listed(*revoked: int, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"url": URL, "issuer_id": ISSUER_ID, "valid_from": SIGNED_AT}
    return status_list(**{**facts, "revoked": revoked, **changes})


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=50))
def test_exactly_the_bits_that_were_set_are_set(revoked: set[int]) -> None:
    bits = decoded(encoded(revoked))
    assert len(bits) * 8 == LIST_BITS
    number = int.from_bytes(bits)
    assert {index for index in revoked if number >> (LIST_BITS - 1 - index) & 1} == revoked
    assert number.bit_count() == len(revoked)


def test_the_first_index_is_the_highest_bit_of_the_first_byte() -> None:
    assert decoded(encoded([0]))[0] == 0b1000_0000
    assert decoded(encoded([15]))[1] == 0b0000_0001
    assert encoded([7, 3]) == encoded([3, 7])


def test_a_list_of_the_specification_is_read() -> None:
    """The encoded list of the W3C's example: 16 kilobytes of zeros."""
    text = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    assert decoded(text) == bytes(LIST_BITS // 8)


def test_a_revoked_award_is_found_revoked_and_its_neighbors_are_not() -> None:
    record = signed(status=StatusEntry(URL, 90_210))
    assert is_revoked(record, listed(90_210, 5))
    assert not is_revoked(record, listed(90_209, 90_211))


def test_a_list_is_signed_like_any_record_and_a_forged_one_is_refused() -> None:
    until = SIGNED_AT.replace(year=2027)
    record = with_proof(listed(3, valid_until=until), PROOF_KEY.sign, METHOD, SIGNED_AT)
    assert proven(record, ISSUER)
    forged = changed(record, ("credentialSubject", "encodedList"), lambda _: encoded([]))
    with pytest.raises(RecordError):
        proven(forged, ISSUER)


@pytest.mark.parametrize("key", [TOKEN_KEY, RSAKey.generate_key(2048)], ids=["ES256", "RS256"])
def test_a_list_is_also_a_token_that_says_the_same(key: ECKey | RSAKey) -> None:
    known = IssuerKey(key.public_key)
    issuer = issuer_document(ISSUER_ID, [known])
    token = as_token(listed(90_210), key, known.method(ISSUER_ID))
    read = from_token(token, issuer)
    assert read == listed(90_210)
    assert is_revoked(signed(), read)
    other = IssuerKey(ECKey.generate_key("P-256").public_key)
    with pytest.raises(RecordError):
        from_token(token, issuer_document(ISSUER_ID, [other]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "https://records.district.example/status/2"),
        (("issuer",), "did:web:elsewhere.example"),
        (("credentialSubject", "statusPurpose"), "suspension"),
        (("credentialSubject",), "x"),
        (("credentialSubject", "encodedList"), encoded([], 1024)),
    ],
)
def test_another_list_says_nothing(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(RecordError):
        is_revoked(signed(), changed(listed(), path, lambda _: value))


@pytest.mark.parametrize("index", ["", "-1", "٣", "01", "1e3", str(LIST_BITS), "9" * 5000, 7, None])
def test_a_place_outside_the_list_is_refused(index: Any) -> None:
    record = changed(signed(), ("credentialStatus", "statusListIndex"), lambda _: index)
    with pytest.raises(RecordError):
        is_revoked(record, listed())


def test_a_record_without_a_status_names_no_list() -> None:
    with pytest.raises(RecordError):
        is_revoked(signed(status=None), listed())


def _packed(content: bytes) -> str:
    return "u" + urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "H4sI",
        "u",
        "u====",
        "ué",
        "uAAAA",
        _packed(gzip.compress(bytes(LIST_BITS // 8 - 1))),
        _packed(gzip.compress(bytes(LIST_BITS // 8))[:-9]),
        _packed(gzip.compress(bytes(LIST_BITS // 8)) + b"more"),
        _packed(gzip.compress(bytes(2**26))),
    ],
    ids=range(11),
)
def test_a_list_that_cannot_be_unpacked_or_never_ends_is_refused(text: Any) -> None:
    with pytest.raises(RecordError):
        decoded(text)


@given(st.sets(st.integers(0, 31), max_size=31), st.data())
def test_a_free_index_is_free_and_each_can_come_up(taken: set[int], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(sorted(set(range(32)) - taken)))
    rank = sum(1 for index in range(wanted) if index not in taken)
    assert free_index(taken, lambda free: min(rank, free - 1), bits=32) == wanted


def test_indexes_are_given_out_until_none_is_left_and_in_no_order() -> None:
    chance = Random(4711)
    taken: list[int] = []
    for _ in range(64):
        taken.append(free_index(taken, chance.randrange, bits=64))
    assert sorted(taken) == list(range(64))
    assert taken != sorted(taken)
    with pytest.raises(StatusListFullError):
        free_index(taken, chance.randrange, bits=64)


def test_no_index_is_likelier_than_another() -> None:
    ranks = Counter(free_index({1, 2, 6}, lambda _, rank=rank: rank, bits=8) for rank in range(5))
    assert ranks == Counter({0: 1, 3: 1, 4: 1, 5: 1, 7: 1})
