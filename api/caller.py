"""Who calls: what her token says, and what the log grants her as of now."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from uuid import UUID

from ledger.aggregates.access import Access
from ledger.application import Ledger
from ledger.commands.access import access_stream
from ledger.events.access import Role
from ledger.store import EVERYTHING as ALL_ROWS

LOOKING_ROLES: frozenset[Role] = frozenset(
    {"district", "payroll", "issuer_approver", "auditor", "payroll_system"}
)


class Caller:
    """Who calls, and the roles that the log grants her as of now."""

    def __init__(
        self, principal_id: UUID, ledger: Ledger, meant: Mapping[UUID, UUID] | None = None
    ) -> None:
        self.principal_id = principal_id
        self._ledger = ledger
        self._meant = meant or {}  # who is meant by the id of a record that was merged

    @property
    def person_id(self) -> UUID:
        """Under which id her record is, if she is a teacher."""
        return self.meant(self.principal_id)

    def meant(self, person_id: UUID) -> UUID:
        """Whose record an id leads to now, be it of one that was merged into another."""
        return self._meant.get(person_id, person_id)

    def is_person(self, person_id: UUID) -> bool:
        """Whether it is she who is meant by an id, be it of a record that was merged into hers."""
        if person_id == self.principal_id:
            return True
        return bool(self._meant) and self.meant(person_id) == self.person_id

    @property
    def ids(self) -> frozenset[UUID]:
        """Every id that means her: some of what she was given to do names another than this one."""
        person_id = self.person_id
        merged = (one for one, meant in self._meant.items() if meant == person_id)
        return frozenset({self.principal_id, person_id, *merged})

    @cached_property
    def grants(self) -> frozenset[tuple[Role, UUID | None]]:
        access = self._ledger.find(Access, access_stream(self.principal_id))
        return access.grants if access else frozenset()

    def holds(self, role: Role, scope_id: UUID | None = None) -> bool:
        """Whether she holds the role for this scope, or for all scopes."""
        return (role, scope_id) in self.grants or (role, None) in self.grants

    def scope(self, about: UUID | None = None) -> frozenset[UUID]:
        """Whose rows the database may show her: her own, and those of whom she looks at for.

        The second wall, wider than the rules below and never narrower. Of a request `about`
        herself her grants are not looked up, for she needs none.
        """
        if about is not None and self.is_person(about):
            return frozenset({self.principal_id, about})
        looks_for = {scope or ALL_ROWS for role, scope in self.grants if role in LOOKING_ROLES}
        return frozenset({self.principal_id, self.person_id, *looks_for})

    def scopes(self, role: Role) -> frozenset[UUID | None]:
        """The issuers or districts for which she holds the role; None among them means all."""
        return frozenset(scope for held, scope in self.grants if held == role)
