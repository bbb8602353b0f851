"""The keys by which an issuer signs portable records, and what has become of each."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self, assert_never, cast
from uuid import UUID

from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import ConflictError, InvalidError, NotFoundError, NothingChangesError
from ledger.events import AnyRecordKeysEvent
from ledger.events.record_keys import (
    KeyAlgorithm,
    RecordKeyAdded,
    RecordKeyCompromised,
    RecordKeyReplaced,
)
from ledger.records.issuers import IssuerKey, PublicKey


class CompromiseLaterError(InvalidError):
    """A key is called compromised since an instant that has not come."""

    slug = "compromised-later"


class NewRecordKey(NamedTuple):
    """A key that the vault has drawn, and that signs nothing yet."""

    key: str
    key_id: UUID
    algorithm: KeyAlgorithm
    public_key: str


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A key as the log knows it."""

    key: str
    key_id: UUID
    algorithm: KeyAlgorithm
    public_key: str
    replaced: bool = False
    compromised_since: datetime | None = None

    @property
    def signs(self) -> bool:
        """Whether what is new is signed by it."""
        return not self.replaced and self.compromised_since is None

    @property
    def shown(self) -> IssuerKey:
        """As the issuer's document shows it."""
        content = urlsafe_b64decode(self.public_key)
        return IssuerKey(cast("PublicKey", load_der_public_key(content)), self.compromised_since)


@dataclass(frozen=True, kw_only=True)
class RecordKeys(Aggregate):
    """Every key that one issuer ever had, in the order they came."""

    issuer_id: UUID | None
    keys: tuple[RecordKey, ...] = ()

    @classmethod
    def none_yet(cls, stream: UUID, issuer_id: UUID | None) -> Self:
        return cls(id=stream, version=0, issuer_id=issuer_id)

    @property
    def shown(self) -> tuple[IssuerKey, ...]:
        """All of them, as the issuer's document shows them."""
        return tuple(key.shown for key in self.keys)

    def signing(self, algorithm: KeyAlgorithm) -> RecordKey | None:
        """The key that signs what is new."""
        return next((one for one in self.keys if one.algorithm == algorithm and one.signs), None)

    def named(self, key: str) -> RecordKey:
        """Raises NotFoundError."""
        for one in self.keys:
            if one.key == key:
                return one
        raise NotFoundError(f"the issuer never had the key {key[:200]}")

    def add(self, act: Act, new: NewRecordKey) -> Sequence[AnyRecordKeysEvent]:
        """The first key of its kind."""
        if self.signing(new.algorithm) is not None:
            raise NothingChangesError(f"the issuer has an {new.algorithm} key; replace that one")
        return [self._added(act, new)]

    def replace(self, act: Act, key: str, new: NewRecordKey) -> Sequence[AnyRecordKeysEvent]:
        """Sign with a new key. What the old one signed goes on being proved by it."""
        old = self.named(key)
        if not old.signs:
            raise ConflictError(f"the key {key[:200]} signs nothing any more")
        assert old.algorithm == new.algorithm, "a key is replaced by one of its kind"
        replaced = RecordKeyReplaced(**self.header(act), issuer_id=self.issuer_id, key=key)
        return [replaced, self._added(act, new, after=1)]

    def compromise(
        self, act: Act, key: str, since: datetime, new: NewRecordKey | None
    ) -> Sequence[AnyRecordKeysEvent]:
        """Trust a key no more, whatever it signed; `new` takes its place where it still signs."""
        old = self.named(key)
        if old.compromised_since is not None and old.compromised_since <= since:
            raise NothingChangesError(f"the key is known to be compromised for longer than {since}")
        if since > act.at:
            raise CompromiseLaterError(f"{since} has not come yet")
        compromised = RecordKeyCompromised(
            **self.header(act), issuer_id=self.issuer_id, key=key, since=since
        )
        if not old.signs:
            return [compromised]
        assert new is not None, "a key that signs is not missed for a moment"
        assert old.algorithm == new.algorithm, "a key is replaced by one of its kind"
        return [compromised, self._added(act, new, after=1)]

    def _added(self, act: Act, new: NewRecordKey, *, after: int = 0) -> RecordKeyAdded:
        return RecordKeyAdded(
            **self.header(act, after=after), issuer_id=self.issuer_id, **new._asdict()
        )

    @classmethod
    def evolve(cls, state: Self | None, event: AnyRecordKeysEvent) -> Self:
        state = state or cls.none_yet(event.originator_id, event.issuer_id)
        state = state.at_version(event.originator_version)
        match event:
            case RecordKeyAdded():
                added = RecordKey(event.key, event.key_id, event.algorithm, event.public_key)
                return replace(state, keys=(*state.keys, added))
            case RecordKeyReplaced():
                return state.with_key(replace(state.named(event.key), replaced=True))
            case RecordKeyCompromised(since=since):
                return state.with_key(replace(state.named(event.key), compromised_since=since))
            case _:
                assert_never(event)

    def with_key(self, key: RecordKey) -> Self:
        """With something else said of one of the keys."""
        keys = tuple(key if one.key == key.key else one for one in self.keys)
        return replace(self, keys=keys)
