"""Exchanges the key that seals, and lets a log fork: each time in the log and in the key file.

The log hears of a key before it signs. It is done in the turn of whoever seals, so that nothing is
signed in between; whatever breaks off is ended by giving the same command again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from api import local_postgres
from api.auth import load_verifier
from api.cli_imports import COMMAND_LINE
from api.clock import wall
from api.edge import open_ledger
from api.settings import Settings, SettingsError
from api.witnesses import named_witnesses
from ledger.aggregates.seal_keys import ForkTerms, SealKeys
from ledger.application import Call, Ledger
from ledger.commands.seal_keys import SEAL_KEYS_STREAM, fork_log, record_seal_key, rotate_seal_key
from ledger.errors import NothingChangesError
from ledger.events.seal_keys import ForkReason
from ledger.seal.forking import ForkRefusedError, Loss, find_loss
from ledger.seal.keys import FileLogSigner, LastSigned, written_whole
from ledger.seal.notes import Checkpoint, Note, SigningKey, checkpoint_of
from ledger.seal.reads import SQL, SealReads
from ledger.seal.witness import fork_text
from ledger.seal.witness_http import UnreachableError
from ledger.sql import execute
from ledger.store import Role, connection_info
from ledger.values import stream_id


class Fork(NamedTuple):
    """A fork that was asked for, or that has happened."""

    terms: ForkTerms
    happened: bool


def signer_of(settings: Settings) -> FileLogSigner:
    """The keys that seal. Raises SettingsError where production names no file for them."""
    if settings.seal_key_file is None and not settings.in_development:
        raise SettingsError("MCLEDGER_SEAL_KEY_FILE is not set")
    return FileLogSigner(settings.seal_keys, settings.seal_origin)


def last_signed_of(settings: Settings) -> LastSigned:
    return LastSigned(settings.seal_keys.with_name(settings.seal_keys.name + ".last-checkpoint"))


def record_key(settings: Settings) -> None:
    """Say in the log which key seals it. Nothing happens where the log knows."""
    signer = signer_of(settings)
    with _in_turn() as (_, ledger), suppress(NothingChangesError):
        record_seal_key(
            ledger,
            _call(COMMAND_LINE, uuid4(), signer.origin),
            origin=signer.origin,
            public_key=str(signer.trusted[-1].key),
            after_size=max([0, *(one.until or 0 for one in signer.trusted)]),
        )


def rotate_key(settings: Settings, *, compromised: bool) -> None:
    """Seal with a new key from the next checkpoint on. The old one counts up to the newest."""
    signer = signer_of(settings)
    with _in_turn() as (reads, ledger):
        size = max(_signed_size(reads), *(one.size for one in _remembered(settings)), 0)
        key = signer.staged(signer.origin)
        new = str(key.verifier)
        # A resend finds what was said at first, whatever has been sealed since.
        call = _call(COMMAND_LINE, stream_id("seal-keys", new), new)
        rotate_seal_key(
            ledger,
            call,
            origin=signer.origin,
            old=str(signer.trusted[-1].key),
            new=new,
            size=size,
            reason="compromised" if compromised else "rotated",
        )
        signer.rotate(size, key)


def fork(
    settings: Settings, token: str, *, new_origin: str, reason: ForkReason, statement: Path
) -> Fork:
    """Ask for a fork, or let it happen when another operator has asked for the same.

    Args:
        settings: Of the machine that seals.
        token: An access token: who asks.
        new_origin: What the log is called from then on.
        reason: Why.
        statement: The file for witnesses, written once it has happened.

    Raises ForbiddenError, SecondPersonError, ForkRefusedError; nothing has changed then.
    """
    principal = load_verifier(settings).principal(token)
    signer = signer_of(settings)
    if new_origin == signer.origin:
        raise ForkRefusedError("the log has this name; give it another one")
    with _in_turn() as (reads, ledger):
        keys = ledger.find(SealKeys, SEAL_KEYS_STREAM)
        loss = _loss(settings, signer, reads)
        terms = _terms(loss, new_origin, reason)
        if not _has_happened(keys, terms):
            old = str(signer.trusted[-1].key)
            second = keys is not None and keys.asked is not None and keys.asked[0] == terms
            new = str(signer.staged(new_origin).verifier) if second else ""
            call = _call(principal, uuid4(), str(terms))
            fork_log(ledger, call, terms, old=old, new=new)
            if not _has_happened(ledger.find(SealKeys, SEAL_KEYS_STREAM), terms):
                return Fork(terms, happened=False)
        _go_on(settings, signer, loss, terms, statement)
    return Fork(terms, happened=True)


def _go_on(
    settings: Settings, signer: FileLogSigner, loss: Loss, terms: ForkTerms, statement: Path
) -> None:
    """What the log says already, in the files, the keys last: until then nobody seals."""
    key = signer.staged(terms.new_origin)
    with written_whole(statement, replace=True) as unfinished:
        unfinished.write_text(_statement(signer, key, loss.common, terms.reason), "utf-8")
    before = last_signed_of(settings).read()
    if before is not None:  # the proof of what was signed and lost
        kept = settings.seal_keys.with_name(f"{settings.seal_keys.name}.lost-{terms.signed_size}")
        LastSigned(kept).remember(before)
    signer.rotate(terms.common_size, key)


def _statement(
    signer: FileLogSigner, successor: SigningKey, common: Checkpoint, reason: str
) -> str:
    text = fork_text(common, successor.verifier, reason)
    return str(Note(text, (signer.sign(text), successor.sign(text))))


def _loss(settings: Settings, signer: FileLogSigner, reads: SealReads) -> Loss:
    named = named_witnesses(settings)
    known = _remembered(settings)
    for one in named:
        with suppress(UnreachableError):
            held = one.newest(signer.origin)
            known += [held.checkpoint] if held is not None else []
    return find_loss(reads, signer.trusted, known, [one.key for one in named])


def _terms(loss: Loss, new_origin: str, reason: ForkReason) -> ForkTerms:
    return ForkTerms(
        origin=loss.common.origin,
        new_origin=new_origin,
        common_size=loss.common.size,
        common_root=f"sha256:{loss.common.root.hex()}",
        signed_size=loss.signed_size,
        reason=reason,
    )


def _has_happened(keys: SealKeys | None, terms: ForkTerms) -> bool:
    return keys is not None and any(done == terms for done, _ in keys.forks)


def _remembered(settings: Settings) -> list[Checkpoint]:
    note = last_signed_of(settings).read()
    return [] if note is None else [checkpoint_of(note)]


def _signed_size(reads: SealReads) -> int:
    sealed = reads.last_checkpoint()
    return sealed[0] if sealed else 0


@contextmanager
def _in_turn() -> Iterator[tuple[SealReads, Ledger]]:
    """Nobody seals meanwhile. Events are appended over a connection of their own."""
    url = local_postgres.url()
    with (
        closing(open_ledger(url)) as ledger,
        psycopg.connect(connection_info(url, Role.PROJECT), autocommit=True) as connection,
        connection.transaction(),
    ):
        execute(connection, SQL["take_turn"])
        yield SealReads(connection), ledger


def _call(who: UUID, command_id: UUID, said: str) -> Call:
    # Names of logs and public keys: nothing that needs a vault's secret to stay unguessed.
    digest = sha256(said.encode()).digest()
    return Call(caller_id=who, command_id=command_id, body_hash=digest, at=wall())
