"""The keys of the seal: which has signed up to where, and a fork that one person asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Meant
from ledger.errors import ConflictError, NothingChangesError, RuleError
from ledger.events import AnySealKeysEvent
from ledger.events.seal_keys import (
    ForkReason,
    ForkRequested,
    LogForked,
    Retirement,
    SealKeyAdded,
    SealKeyRetired,
)


class SecondPersonError(RuleError):
    """A fork is asked for by two people, and this is the same person again."""

    slug = "second-person-needed"


class SealKey(NamedTuple):
    """A public key, in whose name it signs, and up to which size once it is retired."""

    public_key: str
    origin: str
    until_size: int | None


class ForkTerms(NamedTuple):
    """What a fork keeps, and what it is called from then on."""

    origin: str
    new_origin: str
    common_size: int
    common_root: str
    signed_size: int
    reason: ForkReason


@dataclass(frozen=True, kw_only=True)
class SealKeys(Aggregate):
    """The keys as the log knows them; none before the first was recorded."""

    keys: tuple[SealKey, ...] = ()
    asked: tuple[ForkTerms, UUID] | None = None  # a fork, and who asked for it
    forks: tuple[tuple[ForkTerms, str], ...] = ()  # each with the key that goes on

    @classmethod
    def none_yet(cls, stream: UUID) -> Self:
        return cls(id=stream, version=0)

    def key(self, public_key: str) -> SealKey | None:
        return next((one for one in self.keys if one.public_key == public_key), None)

    def record(
        self, act: Act, *, origin: str, public_key: str, after_size: int = 0
    ) -> Sequence[AnySealKeysEvent]:
        """A key that signs already, and that the log does not know yet."""
        if self.key(public_key) is not None:
            raise NothingChangesError("the log knows this key")
        return [
            SealKeyAdded(
                **self.header(act), origin=origin, public_key=public_key, after_size=after_size
            )
        ]

    def rotate(
        self, act: Act, *, origin: str, old: str, new: str, size: int, reason: Retirement
    ) -> Sequence[AnySealKeysEvent]:
        """Another key from a size on; the old one is recorded first where it never was."""
        if self.key(new) is not None:
            raise NothingChangesError("the log knows this key")
        known = self.key(old)
        if known is not None and known.until_size is not None:
            raise ConflictError("this key is retired already", until_size=known.until_size)
        events = [] if known else [*self.record(act, origin=origin, public_key=old)]
        retired = SealKeyRetired(
            **self.header(act, after=len(events)),
            origin=origin,
            public_key=old,
            until_size=size,
            reason=reason,
        )
        added = SealKeyAdded(
            **self.header(act, after=len(events) + 1),
            origin=origin,
            public_key=new,
            after_size=size,
        )
        return [*events, retired, added]

    def fork(
        self, act: Act, terms: ForkTerms, *, old: str, new: str, meant: Meant
    ) -> Sequence[AnySealKeysEvent]:
        """Ask for a fork; when another person has asked for the same, it happens."""
        if self.asked is None or self.asked[0] != terms:
            return [ForkRequested(**self.header(act), **terms._asdict())]
        requested_by = self.asked[1]
        if meant(requested_by) == meant(act.actor_id):
            raise SecondPersonError("you have asked for this; another operator has to as well")
        forked = LogForked(
            **self.header(act),
            **terms._asdict(),
            new_public_key=new,
            requested_by=requested_by,
            confirmed_by=act.actor_id,
        )
        state = type(self).evolve(self, forked)
        size = terms.common_size
        events = state.rotate(
            act, origin=terms.origin, old=old, new=new, size=size, reason="forked"
        )
        added = events[-1].model_copy(update={"origin": terms.new_origin})
        return [forked, *events[:-1], added]

    @classmethod
    def evolve(cls, state: Self | None, event: AnySealKeysEvent) -> Self:
        state = state or cls.none_yet(event.originator_id)
        state = replace(state, version=event.originator_version)
        match event:
            case SealKeyAdded():
                added = SealKey(event.public_key, event.origin, None)
                return replace(state, keys=(*state.keys, added))
            case SealKeyRetired():
                keys = tuple(
                    one._replace(until_size=event.until_size)
                    if one.public_key == event.public_key
                    else one
                    for one in state.keys
                )
                return replace(state, keys=keys)
            case ForkRequested():
                return replace(state, asked=(_terms(event), event.actor_id))
            case LogForked():
                forked = (_terms(event), event.new_public_key)
                return replace(state, asked=None, forks=(*state.forks, forked))
            case _:
                assert_never(event)


def _terms(event: ForkRequested | LogForked) -> ForkTerms:
    return ForkTerms(*(getattr(event, name) for name in ForkTerms._fields))
