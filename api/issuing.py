"""Issues portable records in the background: of each award that has none a signed document.

The document is kept first, with what was drawn for it by chance, and the event follows. Whoever is
stopped in between, and whoever does the same at the same time, goes on with what was kept; the id
of the command follows from the award, so an award is issued once. An award that cannot be issued is
set aside with the reason and tried again later; the others go on.
"""

from __future__ import annotations

import logging
import secrets
from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID

from joserfc import jws

from api import rounds
from api.edge import Edge
from api.problems import InternalError
from api.record_addresses import addresses_of
from api.record_signing import RECORDS, Signer, keys_of, signer_of
from api.record_statements import Place, statement
from api.rounds import AWAY, Clock
from ledger.aggregates.enrollment_refusals import NotAwardedError
from ledger.aggregates.record import Issue, Record, StatusIndexTakenError
from ledger.application import Call
from ledger.commands.record import (
    issue_command,
    issue_record,
    record_stream,
    reissue_command,
    reissue_record,
)
from ledger.errors import ErasedError, LedgerError, NothingChangesError, UnavailableError
from ledger.events.record import ReissueReason
from ledger.keyring import PersonErasedError
from ledger.record_vault import Kept, Parked, RecordVault
from ledger.records.awards import credential
from ledger.records.documents import read_instant, written_instant
from ledger.records.status import LIST_BITS, free_index
from ledger.store import EVERYTHING
from projections import records
from projections.records import Award
from projections.sql import NO_ID

VIEWS = ("records", "catalog")
AT_ONCE = 50
DRAWS_MAX = 10  # of places, each of which somebody else was faster to take
PAUSE_SECONDS = 2.0
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 24 * 60))
NEVER = timedelta(days=365 * 100)
SECOND = timedelta(seconds=1)
_log = logging.getLogger("mcledger.records")


def follow(edge: Edge, clock: Clock, stop: Event) -> None:
    """Issue what comes, until `stop` is set."""
    rounds.follow("records", lambda: issue_due(edge, clock), stop, pause_seconds=PAUSE_SECONDS)


def issue_due(edge: Edge, clock: Clock) -> int:
    """Issue some of what is due, the oldest awards first; how many records that came to.

    Raises SettingsError where nobody has said under which host, WritesRefusedError.
    """
    addresses_of(edge.settings)
    edge.witnesses.must_allow_writing()
    work = _Work(edge, clock())
    parked = {one.enrollment_id: one for one in work.vault.parked()}
    waiting = {one.enrollment_id for one in parked.values() if one.next_try_at > work.at}
    with edge.reading([EVERYTHING]) as connection:
        found = records.due(connection, parked=waiting, limit=AT_ONCE)
    issued, position = set(), 0
    for award in found:
        try:
            position = work.issue(award)
            issued.add(award.enrollment_id)
        except NotAwardedError:
            continue  # taken back a moment ago, as the view will show
        except AWAY:
            raise  # from every other award as well
        except Exception as error:  # noqa: BLE001 - one award must not stop the others
            _park(work, award.enrollment_id, parked.get(award.enrollment_id), error)
    done = issued & parked.keys()
    if len(found) < AT_ONCE:  # what was to be tried and is no longer due was taken back
        done |= parked.keys() - waiting - {award.enrollment_id for award in found}
    if done:
        work.vault.unpark(done)
    if issued:
        edge.visible(VIEWS, position)  # or the same would be due again at once
    return len(issued)


def _park(work: _Work, enrollment_id: UUID, before: Parked | None, error: Exception) -> None:
    """Set an award aside, and say so. Whoever was erased is never asked about again.

    What a moment cures is tried again as soon as may be, however often it was in the way.
    """
    reason = error.slug if isinstance(error, LedgerError) else InternalError.slug
    pause = PAUSES[min(before.tries if before else 0, len(PAUSES) - 1)]
    if isinstance(error, PersonErasedError):
        pause = NEVER
    elif isinstance(error, UnavailableError):
        pause = PAUSES[0]
    work.vault.park(enrollment_id, reason, work.at + pause)
    told = None if isinstance(error, LedgerError) else error
    _log.warning("award %s waits: %s", enrollment_id, reason, exc_info=told)


def reissue(edge: Edge, issuer_id: UUID, clock: Clock) -> int:
    """Sign anew, with an issuer's keys of now, every record that others signed; how many."""
    work, after, done = _Work(edge, clock()), NO_ID, 0
    signer = work.signer(issuer_id)
    while True:
        with edge.reading([issuer_id]) as connection:
            page = records.signed_by_others(
                connection,
                issuer_id,
                key=signer.key.key,
                token_key=signer.token_key.key,
                after=after,
                limit=AT_ONCE,
            )
        for award in page:
            done += work.reissue(award)
        if len(page) < AT_ONCE:
            return done
        assert page[-1].record_id is not None, "whatever was signed has an id"
        after = page[-1].record_id


@dataclass
class _Work:
    """One round of issuing: the signers, the keys that got loose, the places that are taken."""

    edge: Edge
    at: datetime
    signers: dict[UUID, Signer] = field(default_factory=dict)
    lost: dict[UUID, frozenset[str]] = field(default_factory=dict)
    places: dict[UUID, tuple[int, list[int]]] = field(default_factory=dict)

    @property
    def vault(self) -> RecordVault:
        return RecordVault(self.edge.vault)

    def signer(self, issuer_id: UUID) -> Signer:
        if issuer_id not in self.signers:
            self.signers[issuer_id] = signer_of(self.edge, issuer_id, self.at)
        return self.signers[issuer_id]

    def issue(self, award: Award) -> int:
        """Issue one award; the position of its event."""
        command_id = issue_command(award.enrollment_id)
        for _ in range(DRAWS_MAX):
            kept = self._draft(award, command_id)  # or what was kept first
            try:
                receipt = issue_record(
                    self.edge.ledger,
                    self._call(command_id),
                    enrollment_id=award.enrollment_id,
                    person_id=award.person_id,
                    list_number=kept.list_number,
                    status_index=kept.status_index,
                    signed=_issue_of(kept),
                )
            except StatusIndexTakenError:
                self.vault.discard(command_id, kept.record_id)
                continue
            except NotAwardedError:  # revoked meanwhile; what was drawn is drawn anew, if ever
                self.vault.discard(command_id, kept.record_id)
                raise
            return receipt.position
        raise UnavailableError(f"no place was free for award {award.enrollment_id}; try again")

    def reissue(self, award: Award) -> bool:
        """Sign one record anew; false when there is nothing left to sign, or it was done."""
        assert award.record_id is not None, "a record is issued before it is issued anew"
        try:
            before = self.vault.open(*award.issue, person_id=award.person_id)
            record = self.edge.ledger.get(Record, award.record_id)
            command_id = reissue_command(award.record_id, record.version)
            kept = self._anew(before, command_id, award)
            reissue_record(
                self.edge.ledger,
                self._call(command_id),
                record_id=award.record_id,
                signed=_issue_of(kept),
                reason=self._why(award),
            )
        except (ErasedError, NothingChangesError):
            return False
        return True

    def _draft(self, award: Award, command_id: UUID) -> Kept:
        place = self._place(award.issuer_id)
        record_id = record_stream(award.issuer_id, *place)
        signer = self.signer(award.issuer_id)
        stated = statement(self.edge, award, record_id, place)
        document = signer.signed(credential(stated), self.at)
        return self.vault.draft(
            command_id,
            record_id=record_id,
            person_id=award.person_id,
            list_number=place.list_number,
            status_index=place.status_index,
            document=document,
            token=signer.token(document),
        )

    def _anew(self, before: Kept, command_id: UUID, award: Award) -> Kept:
        """The same statement by the keys of now, so much newer that verifiers take it for that."""
        earlier = read_instant(before.document["validFrom"])
        valid_from = max(self.at, earlier + SECOND)
        unsigned = {name: value for name, value in before.document.items() if name != "proof"}
        signer = self.signer(award.issuer_id)
        document = signer.signed({**unsigned, "validFrom": written_instant(valid_from)}, self.at)
        return self.vault.draft(
            command_id,
            record_id=before.record_id,
            person_id=award.person_id,
            list_number=before.list_number,
            status_index=before.status_index,
            document=document,
            token=signer.token(document),
        )

    def _why(self, award: Award) -> ReissueReason:
        if award.issuer_id not in self.lost:
            keys = keys_of(self.edge, award.issuer_id)
            assert keys is not None, "whoever signed has keys"
            lost = {one.key for one in keys.keys if one.compromised_since is not None}
            self.lost[award.issuer_id] = frozenset(lost)
        signed_by = {award.key, award.token_key}
        return "key_compromised" if signed_by & self.lost[award.issuer_id] else "key_replaced"

    def _place(self, issuer_id: UUID) -> Place:
        """A place in the issuer's newest list, drawn by chance; a new list when it is full."""
        if issuer_id not in self.places:
            with self.edge.reading([issuer_id]) as connection:
                number, found = records.places(connection, issuer_id)
            self.places[issuer_id] = number, sorted(found)
        number, taken = self.places[issuer_id]
        if len(taken) >= LIST_BITS:
            number, taken = self.places[issuer_id] = number + 1, []
        index = free_index(taken, secrets.randbelow)
        insort(taken, index)  # in order, or each draw would sort what is taken
        return Place(number, index)

    def _call(self, command_id: UUID) -> Call:
        hashed = self.edge.vault.body_hash(command_id.bytes)
        return Call(caller_id=RECORDS, command_id=command_id, body_hash=hashed, at=self.at)


def _issue_of(kept: Kept) -> Issue:
    """What the log has to know of a document that is kept."""
    [proof] = kept.document["proof"]
    header = jws.extract_compact(kept.token.encode()).headers()
    return Issue(
        key=proof["verificationMethod"].partition("#")[2],
        token_key=header["kid"].partition("#")[2],
        valid_from=read_instant(kept.document["validFrom"]),
        ciphertext_sha256=kept.ciphertext_sha256,
    )
