"""The keys of an issuer: one of a kind signs, old ones stay, and one that leaked proves nothing."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.aggregates.record_keys import CompromiseLaterError, NewRecordKey, RecordKeys
from ledger.commands.record_keys import record_keys_stream
from ledger.errors import ConflictError, NotFoundError, NothingChangesError
from ledger.events import AnyRecordKeysEvent
from ledger.events.record_keys import RecordKeyAdded, RecordKeyCompromised, RecordKeyReplaced
from ledger.records.issuers import IssuerKey, issuer_document
from tests.samples import ISSUER, MONDAY, act, named

NAME = "did:web:ledger.example:issuers:1"
BEGAN = RecordKeys.none_yet(record_keys_stream(ISSUER), ISSUER)


def drawn(number: int, *, tokens: bool = False) -> NewRecordKey:
    private = (
        derive_private_key(number + 1, SECP256R1())
        if tokens
        else Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    )
    public = private.public_key()
    content = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return NewRecordKey(
        IssuerKey(public).fragment,
        named(f"key {number}"),
        "ES256" if tokens else "Ed25519",
        urlsafe_b64encode(content).decode(),
    )


FIRST, SECOND, TOKENS = drawn(1), drawn(2), drawn(3, tokens=True)


def after(state: RecordKeys, *events: AnyRecordKeysEvent) -> RecordKeys:
    folded = RecordKeys.fold(state, events)
    assert folded is not None
    versions = [event.originator_version for event in events]
    assert versions == list(range(state.version + 1, folded.version + 1))
    return folded


WITH_BOTH = after(BEGAN, *BEGAN.add(act(), FIRST))
WITH_BOTH = after(WITH_BOTH, *WITH_BOTH.add(act(), TOKENS))


def signing(state: RecordKeys) -> tuple[str | None, ...]:
    found = (state.signing("Ed25519"), state.signing("ES256"))
    return tuple(one.key if one else None for one in found)


def test_the_first_key_of_each_kind_is_added_once() -> None:
    assert signing(BEGAN) == (None, None)
    assert signing(WITH_BOTH) == (FIRST.key, TOKENS.key)
    with pytest.raises(NothingChangesError):
        WITH_BOTH.add(act(), SECOND)


def test_the_names_are_those_by_which_documents_name_the_keys() -> None:
    shown = issuer_document(NAME, WITH_BOTH.shown)
    assert shown["assertionMethod"] == [f"{NAME}#{FIRST.key}", f"{NAME}#{TOKENS.key}"]


def test_a_replaced_key_signs_nothing_and_still_proves() -> None:
    events = WITH_BOTH.replace(act(), FIRST.key, SECOND)
    assert [type(event) for event in events] == [RecordKeyReplaced, RecordKeyAdded]
    state = after(WITH_BOTH, *events)
    assert signing(state) == (SECOND.key, TOKENS.key)
    assert len(issuer_document(NAME, state.shown)["assertionMethod"]) == 3
    with pytest.raises(ConflictError):
        state.replace(act(), FIRST.key, drawn(4))


def test_a_key_that_leaked_proves_nothing_and_another_signs() -> None:
    events = WITH_BOTH.compromise(act(), FIRST.key, MONDAY, SECOND)
    assert [type(event) for event in events] == [RecordKeyCompromised, RecordKeyAdded]
    state = after(WITH_BOTH, *events)
    assert signing(state) == (SECOND.key, TOKENS.key)
    shown = issuer_document(NAME, state.shown)
    assert shown["assertionMethod"] == [f"{NAME}#{TOKENS.key}", f"{NAME}#{SECOND.key}"]
    assert shown["verificationMethod"][0]["revoked"] == "2024-11-18T17:00:00Z"


def test_a_key_that_was_replaced_may_turn_out_to_have_leaked() -> None:
    state = after(WITH_BOTH, *WITH_BOTH.replace(act(), FIRST.key, SECOND))
    [event] = state.compromise(act(), FIRST.key, MONDAY, None)
    assert signing(after(state, event)) == (SECOND.key, TOKENS.key)


def test_since_when_a_key_leaked_can_only_move_back() -> None:
    state = after(WITH_BOTH, *WITH_BOTH.compromise(act(), FIRST.key, MONDAY, SECOND))
    with pytest.raises(NothingChangesError):
        state.compromise(act(), FIRST.key, MONDAY, None)
    earlier = MONDAY - timedelta(days=3)
    state = after(state, *state.compromise(act(), FIRST.key, earlier, None))
    assert state.named(FIRST.key).compromised_since == earlier


def test_what_is_not_known_or_has_not_come_is_refused() -> None:
    with pytest.raises(NotFoundError):
        WITH_BOTH.replace(act(), "zUnknown", SECOND)
    with pytest.raises(CompromiseLaterError):
        WITH_BOTH.compromise(act(), FIRST.key, MONDAY + timedelta(seconds=1), SECOND)


def test_every_issuer_has_keys_of_its_own_and_so_has_the_ledger() -> None:
    streams = {record_keys_stream(one) for one in (None, ISSUER, named("another"))}
    assert len(streams) == 3
