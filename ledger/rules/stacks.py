"""How far a teacher is with a stack: pure arithmetic over the credentials she holds.

The measure is the smallest number of further credentials that would complete the stack, so it is
right for groups inside groups and for "any five of these", and one more credential never makes
it worse.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from ledger.events.stack import Group


@dataclass(frozen=True, slots=True)
class Missing:
    """`needed` more of these, and of nothing else, would complete the group."""

    title: str
    needed: int
    credential_ids: tuple[UUID, ...]
    groups: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class StackProgress:
    """Where a teacher stands: `needed` at the least from nothing, `remaining` from here."""

    needed: int
    remaining: int
    missing: Missing | None  # null when the requirement is met
    capstone_missing: UUID | None

    @property
    def complete(self) -> bool:
        return self.remaining == 0

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 is said of a complete stack alone."""
        return 100 * (self.needed - self.remaining) // self.needed


def stack_progress(
    requirement: Group, capstone: UUID | None, held: AbstractSet[UUID]
) -> StackProgress:
    """Progress of whoever holds exactly the credentials `held`, each valid now."""
    capstone_missing = None if capstone in held else capstone
    remaining = _remaining(requirement, held)
    return StackProgress(
        needed=_remaining(requirement, frozenset()) + (capstone is not None),
        remaining=remaining + (capstone_missing is not None),
        missing=_missing(requirement, held) if remaining else None,
        capstone_missing=capstone_missing,
    )


def credential_ids(requirement: Group, capstone: UUID | None) -> tuple[UUID, ...]:
    """Every credential a stack names, as often as it names it; the capstone comes last."""
    last = () if capstone is None else (capstone,)
    return _named(requirement) + last


def depth(group: Group) -> int:
    """How many groups lie inside one another, this one included."""
    return 1 + max((depth(inner) for inner in group.groups), default=0)


def _named(group: Group) -> tuple[UUID, ...]:
    return sum((_named(inner) for inner in group.groups), group.credential_ids)


def _remaining(group: Group, held: AbstractSet[UUID]) -> int:
    """The smallest number of further credentials that completes the group."""
    open_singles = sum(credential not in held for credential in group.credential_ids)
    members = [0] * (len(group.credential_ids) - open_singles) + [1] * open_singles
    members += [_remaining(inner, held) for inner in group.groups]
    return sum(sorted(members)[: group.needed])


def _missing(group: Group, held: AbstractSet[UUID]) -> Missing | None:
    if _remaining(group, held) == 0:
        return None
    open_ids = tuple(c for c in group.credential_ids if c not in held)
    inner = [_missing(member, held) for member in group.groups]
    open_groups = tuple(missing for missing in inner if missing is not None)
    members = len(group.credential_ids) + len(group.groups)
    earned = members - len(open_ids) - len(open_groups)
    return Missing(group.title, group.needed - earned, open_ids, open_groups)
