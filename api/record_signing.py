"""The keys of issuers at work: drawn when an issuer first needs them, and exchanged on request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import ECKey

from api.edge import Edge
from api.record_addresses import addresses_of
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.record_keys import NewRecordKey, RecordKey, RecordKeys
from ledger.application import Call
from ledger.commands.record_keys import (
    add_record_key,
    compromise_record_key,
    record_keys_stream,
    replace_record_key,
)
from ledger.errors import LedgerError, NotFoundError, NothingChangesError, UnavailableError
from ledger.events.record_keys import KeyAlgorithm
from ledger.record_vault import RecordVault
from ledger.records.issuers import issuer_document
from ledger.records.proofs import Canonicalize, with_proof
from ledger.records.shapes import canonical_by_shape
from ledger.records.tokens import as_token
from ledger.values import stream_id

RECORDS = stream_id("principal", "records")  # in whose name records and first keys are made


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs what one issuer says, as a document and as a token."""

    issuer_id: str  # did:web
    key: RecordKey
    token_key: RecordKey
    proof_secret: Ed25519PrivateKey
    token_secret: ECKey

    def signed(
        self,
        document: Mapping[str, Any],
        at: datetime,
        canonicalize: Canonicalize = canonical_by_shape,
    ) -> dict[str, Any]:
        """The document with its proof."""
        method = f"{self.issuer_id}#{self.key.key}"
        return with_proof(document, self.proof_secret.sign, method, at, canonicalize)

    def token(self, signed: Mapping[str, Any]) -> str:
        """What was signed as a document, as a VC-JWT: an undefined word was refused there."""
        assert "proof" in signed, "a token is made of what a proof has covered"
        return as_token(signed, self.token_secret, f"{self.issuer_id}#{self.token_key.key}")


def keys_of(edge: Edge, issuer_id: UUID | None) -> RecordKeys | None:
    """Every key that an issuer ever had; None while it had none."""
    return edge.ledger.find(RecordKeys, record_keys_stream(issuer_id))


def document_of(edge: Edge, issuer_id: UUID | None) -> dict[str, Any] | None:
    """The DID document of an issuer; None while it has no key."""
    keys = keys_of(edge, issuer_id)
    if keys is None:
        return None
    return issuer_document(addresses_of(edge.settings).issuer(issuer_id), keys.shown)


def signer_of(edge: Edge, issuer_id: UUID | None, at: datetime) -> Signer:
    """Whoever signs for an issuer; its first keys are drawn where it has none.

    Raises SettingsError where nobody has said under which host.
    """
    name = addresses_of(edge.settings).issuer(issuer_id)
    key, token_key = (_signing(edge, issuer_id, one, at) for one in ("Ed25519", "ES256"))
    vault, stream = RecordVault(edge.vault), record_keys_stream(issuer_id)
    proof_secret = vault.open_key(stream, key.key_id)
    token_secret = vault.open_key(stream, token_key.key_id)
    assert isinstance(proof_secret, Ed25519PrivateKey), "an Ed25519 key signs documents"
    assert isinstance(token_secret, EllipticCurvePrivateKey), "an ES256 key signs tokens"
    return Signer(name, key, token_key, proof_secret, ECKey.import_key(token_secret))


def rotate(edge: Edge, issuer_id: UUID | None, algorithm: KeyAlgorithm, at: datetime) -> RecordKey:
    """Let a new key sign for an issuer. What the old one signed stays proved by it."""
    if issuer_id is not None:
        edge.ledger.get(Issuer, issuer_id)
    old = _signing(edge, issuer_id, algorithm, at)
    with _drawn(edge, issuer_id, algorithm) as new:
        replace_record_key(edge.ledger, _call(edge, at), issuer_id=issuer_id, key=old.key, new=new)
    return _signing(edge, issuer_id, algorithm, at)


def compromise(
    edge: Edge, issuer_id: UUID | None, key: str, since: datetime, at: datetime
) -> RecordKey:
    """Trust a key no more. Whatever it signed has to be issued anew; answers what signs now.

    Raises NotFoundError, NothingChangesError, CompromiseLaterError.
    """
    keys = keys_of(edge, issuer_id)
    if keys is None:
        raise NotFoundError("this issuer has no keys")
    old = keys.named(key)
    call = _call(edge, at)
    if not old.signs:
        compromise_record_key(edge.ledger, call, issuer_id=issuer_id, key=key, since=since)
    else:
        with _drawn(edge, issuer_id, old.algorithm) as new:
            compromise_record_key(
                edge.ledger, call, issuer_id=issuer_id, key=key, since=since, new=new
            )
    return _signing(edge, issuer_id, old.algorithm, at)


def _signing(
    edge: Edge, issuer_id: UUID | None, algorithm: KeyAlgorithm, at: datetime
) -> RecordKey:
    """The key that signs for an issuer; its first where it has none."""
    keys = keys_of(edge, issuer_id)
    found = keys.signing(algorithm) if keys else None
    if found is not None:
        return found
    with suppress(NothingChangesError), _drawn(edge, issuer_id, algorithm) as new:
        add_record_key(edge.ledger, _call(edge, at), issuer_id=issuer_id, new=new)
    keys = keys_of(edge, issuer_id)
    found = keys.signing(algorithm) if keys else None
    assert found is not None, "somebody has added one"
    return found


@contextmanager
def _drawn(edge: Edge, issuer_id: UUID | None, algorithm: KeyAlgorithm) -> Iterator[NewRecordKey]:
    """A new key, for a command that lets the log know it; taken back where that refuses."""
    vault = RecordVault(edge.vault)
    new = vault.draw_key(record_keys_stream(issuer_id), algorithm)
    try:
        yield new
    except UnavailableError:
        raise  # it may be in the log after all
    except LedgerError:
        vault.discard_key(new.key_id)
        raise


def _call(edge: Edge, at: datetime) -> Call:
    hashed = edge.vault.body_hash(b"record-keys")
    return Call(caller_id=RECORDS, command_id=uuid4(), body_hash=hashed, at=at)
