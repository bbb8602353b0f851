"""What a roster changes: read from the ledger and the vault, decided in memory, nothing written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID, uuid4

from api.imports.flaws import Flaws
from api.imports.oneroster_district import District, organization_ids
from api.imports.oneroster_rows import OrganizationRow, RoleRow, Roster, UserRow
from api.imports.positions import Claim, Holding, end_absent, reconcile
from ledger.aggregates import organization as organizations
from ledger.aggregates.base import Act
from ledger.aggregates.employment import Employment, Terms
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.application import Ledger
from ledger.commands.employment import employment_stream
from ledger.events import AnyEmploymentEvent, AnyOrganizationEvent
from ledger.identities import Position
from ledger.keyring import PersonErasedError
from ledger.vault import PersonDetails, Vault

SOURCE = "oneroster"
ORGANIZATIONS = "oneroster-organization"
TERMS = "users.csv terms"  # a row that says who somebody is may say how she is employed too
HoldingKey = tuple[bytes, UUID]  # a position's digest, a person


@dataclass(frozen=True, slots=True)
class PersonStep:
    """A row of users.csv that tells something new about somebody."""

    row: int
    source_id: str = field(repr=False)
    person_id: UUID
    known: Person | None
    details: PersonDetails


@dataclass(frozen=True, slots=True)
class Step:
    """Events that a row comes to, and the positions the vault has to know before them."""

    file: str
    key: int | str  # the row, or the position that no row names any more
    events: Sequence[AnyOrganizationEvent | AnyEmploymentEvent]
    positions: Sequence[Position] = ()


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that is left alone, and why; never what stands there."""

    file: str
    row: int  # as a spreadsheet counts: the header is row 1
    slug: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an import will do, in order; and all that it might have done."""

    organization_ids: Mapping[str, UUID] = field(repr=False)
    organizations: Sequence[Step]
    persons: Sequence[PersonStep]
    employments: Sequence[Step]
    known_persons: Mapping[UUID, Person]
    absent_keys: Sequence[str]  # of every position known before: one of them may end
    active_before: int  # positions held today or later
    active_ending: int  # of these, the ones that will not be
    skipped: Mapping[str, int]  # rows of roles that are none of staff, by role
    skipped_rows: Sequence[SkippedRow]  # of persons who were erased

    @property
    def steps(self) -> int:
        return len(self.organizations) + len(self.persons) + len(self.employments)


def make_plan(
    ledger: Ledger,
    vault: Vault,
    roster: Roster,
    district: District,
    flaws: Flaws,
    *,
    act: Act,
    today: date,
) -> Plan:
    """Compare the roster with what is known. References that lead nowhere go to `flaws`."""
    known_ids = organization_ids(district, roster.organizations)
    staff = {role.user_id for role in roster.roles if role.of_staff and not role.deleted}
    erased = _erased(vault, roster, district)
    people = _people(ledger, vault, roster, district, staff=staff - erased, erased=erased)
    organization_of = known_ids | _organizations_known(vault, roster, district, known_ids)
    claims = _Claims(roster, district, people.ids, organization_of, flaws)
    holdings = _holdings(ledger, vault, roster, district, people.ids)
    changes = _Changes(act, district, today, dict(holdings))
    for role in roster.roles:
        hmac = vault.position_hmac(SOURCE, district.id, role.source_id)
        claims_it = role.of_staff and role.user_id not in erased
        changes.take(role, hmac, claims.read(role) if claims_it else None)
    if roster.mode == "bulk":
        changes.end_untouched(holdings)
    else:
        gone = {people.ids.get(user.source_id) for user in roster.users if user.deleted}
        changes.end_untouched(key for key in holdings if key[1] in gone)
        changes.take_users(filter(_says_terms, roster.users), people.ids)
    return Plan(
        organization_ids=known_ids,
        organizations=_organization_steps(ledger, roster, district, known_ids, act),
        persons=people.steps,
        employments=changes.steps,
        known_persons=people.known,
        absent_keys=[absent_key(key) for key in holdings],
        active_before=sum(holding.active_on(today) for holding in holdings.values()),
        active_ending=sum(
            holding.active_on(today) and not changes.holdings[key].active_on(today)
            for key, holding in holdings.items()
        ),
        skipped=Counter(role.role for role in roster.roles if role.role and not role.of_staff),
        skipped_rows=_skipped_rows(roster, erased),
    )


def _says_terms(user: UserRow) -> bool:
    """Whether a row of users.csv says how somebody is employed."""
    return not user.deleted and (user.fte_thousandths is not None or user.exempt is not None)


def absent_key(holding: HoldingKey) -> str:
    """Names the end of a position that a file no longer has, in the id of its command."""
    position_hmac, person_id = holding
    return f"{position_hmac.hex()} {person_id}"


# Organizations


def _organization_steps(
    ledger: Ledger, roster: Roster, district: District, ids: Mapping[str, UUID], act: Act
) -> list[Step]:
    """Register what is new, rename what goes by another name; the district before its schools."""
    steps = []
    known = district.known
    if district.root is not None:
        name = district.root.name
        if known is None:
            events = organizations.register_district(
                district.id, act, name=name, zone=district.zone
            )
            known = Organization.fold(None, events)
        else:
            events = _named(act, known, name)
        steps.append(Step("orgs.csv", district.root.row, events))
    assert known is not None, "a district is in the ledger or in the file"
    schools = {ids[row.source_id]: row for row in roster.organizations if _is_school(row)}
    recorded = ledger.find_many(Organization, schools)
    for school_id, row in schools.items():
        school = recorded.get(school_id)
        if school is None:
            events = known.register_school(school_id, act, name=row.name)
        else:
            events = _named(act, school, row.name)
        steps.append(Step("orgs.csv", row.row, events))
    return [step for step in steps if step.events]


def _named(act: Act, known: Organization, name: str) -> Sequence[AnyOrganizationEvent]:
    """The events that give an organization this name."""
    return known.rename(act, name=name) if known.name != name else []


def _is_school(row: OrganizationRow) -> bool:
    return row.type == "school" and not row.deleted


def _organizations_known(
    vault: Vault, roster: Roster, district: District, in_file: Mapping[str, UUID]
) -> dict[str, UUID]:
    """What earlier files said of the organizations that this one refers to and leaves out."""
    left_out = {role.organization_id for role in roster.roles} - set(in_file) - {""}
    return vault.find_ids(ORGANIZATIONS, district.id, sorted(left_out))


# Persons


@dataclass(frozen=True, slots=True)
class _People:
    ids: Mapping[str, UUID] = field(repr=False)  # by the source's id; of staff and whoever is known
    known: Mapping[UUID, Person]
    steps: Sequence[PersonStep]


def _erased(vault: Vault, roster: Roster, district: District) -> frozenset[str]:
    """Those of the file's numbers that led to somebody who was erased: nobody becomes her again."""
    numbers = {row.source_id for row in roster.users} | {role.user_id for role in roster.roles}
    return vault.buried(SOURCE, district.id, sorted(numbers - {""}))


def _skipped_rows(roster: Roster, erased: frozenset[str]) -> list[SkippedRow]:
    users = [("users.csv", row.row) for row in roster.users if row.source_id in erased]
    roles = [("roles.csv", role.row) for role in roster.roles if role.user_id in erased]
    return [SkippedRow(file, row, PersonErasedError.slug) for file, row in [*users, *roles]]


def _people(
    ledger: Ledger,
    vault: Vault,
    roster: Roster,
    district: District,
    *,
    staff: set[str],
    erased: frozenset[str],
) -> _People:
    """Who is meant, and about whom there is something new. Nobody but staff gets in."""
    rows = {row.source_id: row for row in roster.users if row.source_id not in erased}
    wanted = staff if roster.mode == "bulk" else staff | set(rows)
    ids = vault.find_ids(SOURCE, district.id, sorted(wanted - {""}))
    known = ledger.find_many(Person, set(ids.values()))
    said_before = vault.get_details(known, district.id)
    steps = []
    for source_id in sorted(wanted & set(rows), key=lambda one: rows[one].row):
        row = rows[source_id]
        is_known = source_id in ids and ids[source_id] in known
        if row.deleted or not (is_known or source_id in staff):
            continue
        person_id = ids.setdefault(source_id, uuid4())
        details = _details(row, said_before.get(person_id))
        person = known.get(person_id)
        recorded = person.details.get(district.id) if person else None
        text_id = vault.details_id(person_id, district.id, details)
        if recorded is None or recorded.text_id != text_id:
            steps.append(PersonStep(row.row, source_id, person_id, person, details))
    meant = {step.person_id for step in steps} | set(known)
    return _People({one: ids[one] for one in ids if ids[one] in meant}, known, steps)


def _details(row: UserRow, before: PersonDetails | None) -> PersonDetails:
    """What the file says of somebody; of her number with the state few files say anything."""
    kept = {} if before is None else {"state_id": before.state_id}
    return PersonDetails.model_validate({**kept, **row.details})


# Employments


def _holdings(
    ledger: Ledger,
    vault: Vault,
    roster: Roster,
    district: District,
    person_ids: Mapping[str, UUID],
) -> dict[HoldingKey, Holding]:
    """The positions that earlier files named: all for a bulk file, for a delta those it touches."""
    positions = vault.positions(SOURCE, district.id)
    if roster.mode == "delta":
        named = {vault.position_hmac(SOURCE, district.id, role.source_id) for role in roster.roles}
        users = (user for user in roster.users if user.deleted or _says_terms(user))
        said = {person_ids.get(user.source_id) for user in users}
        positions = [
            one for one in positions if one.position_hmac in named or one.person_id in said
        ]
    streams = {employment_stream(district.id, one): one for one in positions}
    recorded = ledger.find_many(Employment, streams)
    spans: dict[HoldingKey, list[Employment]] = {}
    for stream, employment in recorded.items():
        position = streams[stream]
        spans.setdefault((position.position_hmac, position.person_id), []).append(employment)
    return {
        key: Holding(district.id, district.zone, key[1], key[0], tuple(held))
        for key, held in spans.items()
    }


@dataclass(frozen=True, slots=True)
class _Claims:
    """Reads rows of roles.csv as claims about positions."""

    roster: Roster
    district: District
    person_ids: Mapping[str, UUID] = field(repr=False)
    organization_ids: Mapping[str, UUID] = field(repr=False)
    flaws: Flaws
    users: dict[str, UserRow] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "users", {row.source_id: row for row in self.roster.users})

    def read(self, role: RoleRow) -> tuple[UUID, Claim] | None:
        """Who claims what; None when the row says that it is over, or refers to nothing."""
        if role.deleted:
            return None
        person_id = self.person_ids.get(role.user_id)
        organization_id = self.organization_ids.get(role.organization_id)
        if person_id is None:
            self._unknown(role, "userSourcedId")
        if organization_id is None:
            self._unknown(role, "orgSourcedId")
        if person_id is None or organization_id is None:
            return None
        user = self.users.get(role.user_id)
        fte, exempt = role.fte_thousandths, role.exempt
        terms = Terms(
            school_id=None if organization_id == self.district.id else organization_id,
            role=re.sub("([A-Z])", r"-\1", role.role).lower(),
            fte_thousandths=user.fte_thousandths if user and fte is None else fte,
            exempt=user.exempt if user and exempt is None else exempt,
        )
        return person_id, Claim(role.first_day, role.last_day, terms)

    def _unknown(self, role: RoleRow, column: str) -> None:
        message = "names nothing in this zip, nor in the ledger"
        self.flaws.add("roles.csv", "reference-unknown", message, row=role.row, column=column)


@dataclass(slots=True)
class _Changes:
    """What the rows of roles.csv come to, one after the other."""

    act: Act
    district: District
    today: date
    holdings: dict[HoldingKey, Holding]  # as they will be
    steps: list[Step] = field(default_factory=list)
    _touched: set[HoldingKey] = field(default_factory=set)
    _persons_in: dict[bytes, list[UUID]] = field(init=False)

    def __post_init__(self) -> None:
        self._persons_in = {}
        for position_hmac, person_id in self.holdings:
            self._persons_in.setdefault(position_hmac, []).append(person_id)

    def take(self, role: RoleRow, hmac: bytes, claim: tuple[UUID, Claim] | None) -> None:
        """One row: what it says of its position, and that nobody else holds that any more."""
        events: list[AnyEmploymentEvent] = []
        begun: list[Position] = []
        claimed = (hmac, claim[0]) if claim else None
        for person_id in self._persons_in.get(hmac, ()):
            if (hmac, person_id) != claimed:
                events += self._end((hmac, person_id), role.last_day)
        if claim and claimed:
            person_id, said = claim
            holding = self.holdings.get(claimed) or Holding(
                self.district.id, self.district.zone, person_id, hmac
            )
            changed = reconcile(self.act, holding, said, today=self.today)
            self._touched.add(claimed)
            self.holdings[claimed] = holding.after(changed)
            begun = [holding.position(span.first_day) for span in self.holdings[claimed].spans]
            events += changed
        if events:
            self.steps.append(Step("roles.csv", role.row, events, begun))

    def take_users(self, users: Iterable[UserRow], person_ids: Mapping[str, UUID]) -> None:
        """What rows of users.csv say, in a delta, of who holds one position that no role names.

        Each of several may be held on terms that its own row has said, so they stay as they are.
        """
        held: dict[UUID, list[tuple[HoldingKey, Employment]]] = {}
        for key, holding in self.holdings.items():
            spans = [(key, span) for span in holding.spans if span.held_from(self.today)]
            held.setdefault(key[1], []).extend(spans)
        for user in users:
            hers = held.get(person_ids[user.source_id], []) if user.source_id in person_ids else []
            if len(hers) == 1 and hers[0][0] not in self._touched:
                self._restate(user, *hers[0])

    def _restate(self, user: UserRow, key: HoldingKey, span: Employment) -> None:
        known = span.terms_on(max(self.today, span.first_day))
        terms = replace(known, fte_thousandths=user.fte_thousandths, exempt=user.exempt)
        claim = Claim(span.first_day, span.last_day, terms)
        if events := reconcile(self.act, self.holdings[key], claim, today=self.today):
            self.steps.append(Step(TERMS, user.row, events))

    def end_untouched(self, keys: Iterable[HoldingKey]) -> None:
        """End what no row has spoken of."""
        for key in keys:
            if key not in self._touched and (events := self._end(key, None)):
                self.steps.append(Step("absent", absent_key(key), events))

    def _end(self, key: HoldingKey, last_day: date | None) -> list[AnyEmploymentEvent]:
        holding = self.holdings[key]
        events = end_absent(self.act, holding, today=self.today, last_day=last_day)
        self._touched.add(key)
        self.holdings[key] = holding.after(events)
        return events
