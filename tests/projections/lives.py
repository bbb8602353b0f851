"""Random logs of everything that can happen to a few teachers, an issuer and a district.

The enrollments are made by the aggregates themselves (tests/aggregates/test_histories.py), given
to several teachers and laid into one another in random order, so every log could really happen.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from ledger.events import LedgerEvent
from ledger.events.acceptance import AcceptanceDecided, AcceptancePutUnderReview
from ledger.events.access import AccessGranted, AccessWithdrawn
from ledger.events.assessor import AssessorAppointed, AssessorQualified, AssessorWithdrawn
from ledger.events.credential import (
    Alignment,
    CredentialAligned,
    CredentialDrafted,
    CredentialResourcesListed,
    CredentialRetired,
    ProposalAnswered,
    Resource,
)
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from ledger.events.enrollment import Awarded, Enrolled
from ledger.events.equivalency import EquivalencyAdopted, EquivalencyRetired
from ledger.events.external_record import (
    ExternalItem,
    ExternalRecordImported,
    ExternalRecordRechecked,
    ItemFindings,
)
from ledger.events.imports import ImportCompleted, ImportStarted
from ledger.events.issuer import (
    IssuerHolidaysSet,
    IssuerSuspended,
    IssuerSuspensionLifted,
    IssuerTermsChanged,
)
from ledger.events.issuer_trust import IssuerTrusted, IssuerTrustWithdrawn
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.events.learning_plan import (
    LearningPlanCreated,
    PlanCredentialAdded,
    PlanCredentialRemoved,
    PlanReordered,
)
from ledger.events.licensure import (
    LicenseChanged,
    LicenseClosed,
    LicenseRecorded,
    LicenseRenewed,
    LicenseRulingMade,
)
from ledger.events.organization import OrganizationRegistered, OrganizationRenamed
from ledger.events.person import IdentityLinked, PersonDetailsRecorded, PersonRegistered
from ledger.events.policy import PolicyAdopted, PolicyRetired
from ledger.events.record import RecordIssued, RecordReissued
from ledger.events.stack import StackDefined, StackRetired
from tests.aggregates.test_histories import worlds
from tests.samples import (
    CREDENTIAL,
    DISTRICT,
    FIRST,
    ISSUER,
    MONDAY,
    STACK,
    ZONE,
    credential_events,
    definition,
    digest,
    equivalency_terms,
    group,
    header,
    issuer_events,
    issuer_terms,
    named,
    policy_terms,
    vault_text,
)

TEACHERS = tuple(uuid5(named("teacher"), str(n)) for n in range(4))
SCHOOL, POLICY = named("school"), named("policy")
ALIGNMENT = Alignment(
    framework="InTASC", edition="2013", code="6", name="Assessment", url="https://a.example/6"
)
RESOURCE = Resource(
    resource="first-module",
    title="First module",
    url="https://learn.example/1",
    kind="module",
    minutes=20,
)
Stream = Sequence[LedgerEvent]


def issuer_stream() -> Stream:
    """An issuer that changes its terms and its holidays while reviews are open."""
    return [
        *issuer_events(),
        IssuerTermsChanged(**header(ISSUER, 4), terms=issuer_terms(decision_business_days=5)),
        IssuerHolidaysSet(**header(ISSUER, 5), year=2024, holidays=(date(2024, 12, 25),)),
        IssuerSuspended(**header(ISSUER, 6), reason="under-inquiry"),
        IssuerSuspensionLifted(**header(ISSUER, 7)),
        IssuerHolidaysSet(**header(ISSUER, 8), year=2025, holidays=(date(2025, 1, 1),)),
    ]


def credential_stream() -> Stream:
    """Two published versions, a draft of a third, and the end."""
    shared: dict[str, Any] = {"issuer_id": ISSUER}
    draft = definition(title="Checking for understanding, again", tier="advanced")
    return [
        *credential_events(definition(), definition(summary="In other words.")),
        CredentialDrafted(**header(CREDENTIAL, 5), **shared, author_id=None, definition=draft),
        CredentialRetired(**header(CREDENTIAL, 6), **shared, reason="superseded"),
        CredentialAligned(
            **header(CREDENTIAL, 7), **shared, credential_version=2, alignments=(ALIGNMENT,)
        ),
        CredentialResourcesListed(
            **header(CREDENTIAL, 8), **shared, credential_version=2, resources=(RESOURCE,)
        ),
        ProposalAnswered(
            **header(CREDENTIAL, 9),
            **shared,
            author_id=named("author"),
            answer="declined",
            reasons=("not-wanted",),
        ),
    ]


def organization_streams() -> list[Stream]:
    shared: dict[str, Any] = {"district_id": DISTRICT, "zone": ZONE}
    return [
        [
            OrganizationRegistered(**header(DISTRICT), kind="district", name="Lake", **shared),
            OrganizationRenamed(**header(DISTRICT, 2), name="Lake and Hills"),
        ],
        [OrganizationRegistered(**header(SCHOOL), kind="school", name="Shore", **shared)],
    ]


def other_streams() -> list[Stream]:
    """What some projections pass over and others live on."""
    stack_id, imported = STACK, named("import")
    shared: dict[str, Any] = {
        "issuer_id": ISSUER,
        "summary": "Three that belong together.",
        "requirement": group("Parts", 3, needed=2),
        "capstone_credential_id": CREDENTIAL,
    }
    terms = policy_terms(budget_cents_per_year=60_000)
    adopted: dict[str, Any] = {
        "district_id": DISTRICT,
        "adopted_on": date(2024, 6, 1),
        "board_reference": "Minute 7",
        "terms": terms,
    }
    return [
        [
            StackDefined(**header(stack_id), stack_version=1, title="First", **shared),
            StackDefined(**header(stack_id, 2), stack_version=2, title="Second", **shared),
            StackRetired(**header(stack_id, 3), reason="superseded"),
        ],
        [
            PolicyAdopted(**header(POLICY), policy_version=1, **adopted),
            PolicyRetired(
                **header(POLICY, 2),
                district_id=DISTRICT,
                board_reference="Minute 9",
                last_day=date(2025, 6, 30),
            ),
        ],
        [
            ImportStarted(
                **header(imported),
                district_id=DISTRICT,
                format="oneroster-1.2",
                mode="bulk",
                file_hmac="hmac-" + digest("file"),
                rows=4,
            ),
            ImportCompleted(
                **header(imported, 2),
                district_id=DISTRICT,
                persons_registered=4,
                employments_started=4,
                employments_changed=0,
                employments_ended=0,
                rows_unchanged=0,
            ),
        ],
        assessor_stream(),
        equivalency_stream(),
        issuer_trust_stream(),
    ]


def equivalency_stream() -> Stream:
    stream, shared = named("rules"), {"district_id": DISTRICT}
    adopted = {**shared, "authority_reference": "Minute 8", "adopted_on": date(2024, 6, 1)}
    return [
        EquivalencyAdopted(**header(stream, version), **adopted, rule_version=version, terms=terms)
        for version, terms in enumerate((equivalency_terms(), equivalency_terms(title="2")), 1)
    ] + [
        EquivalencyRetired(
            **header(stream, 3),
            **shared,
            authority_reference="Minute 9",
            last_day=date(2026, 6, 30),
        )
    ]


def assessor_stream() -> Stream:
    stream = named("standing of first")
    shared: dict[str, Any] = {
        "person_id": FIRST,
        "credential_id": CREDENTIAL,
        "issuer_id": ISSUER,
    }
    return [
        AssessorAppointed(**header(stream), **shared, reason="founder"),
        AssessorWithdrawn(**header(stream, 2), **shared, reason="asked-to"),
        AssessorQualified(
            **header(stream, 3),
            **shared,
            enrollment_id=named("hers"),
            agreement_percent=90,
            valid_until=None,
        ),
    ]


def person_streams(person_id: UUID) -> list[Stream]:
    """A teacher who is known, employed, promoted, gone and back, with a role for a while."""
    job = uuid5(person_id, "job")
    grants = uuid5(person_id, "grants")
    held: dict[str, Any] = {"person_id": person_id, "district_id": DISTRICT}
    terms: dict[str, Any] = {"school_id": SCHOOL, "role": "teacher", "fte_thousandths": 1000}
    role: dict[str, Any] = {"principal_id": person_id, "role": "auditor", "scope_id": None}
    identity = "hmac-" + digest(str(person_id))
    return [
        [
            PersonRegistered(**header(person_id)),
            PersonDetailsRecorded(
                **header(person_id, 2), district_id=DISTRICT, details=vault_text(str(person_id))
            ),
            IdentityLinked(
                **header(person_id, 3),
                source="oneroster",
                district_id=DISTRICT,
                identity_hmac=identity,
            ),
        ],
        [
            EmploymentStarted(
                **header(job),
                **held,
                **terms,
                exempt=True,
                zone=ZONE,
                first_day=date(2024, 8, 1),
                last_day=None,
            ),
            EmploymentChanged(
                **header(job, 2), **held, **terms, exempt=None, effective_on=date(2024, 12, 1)
            ),
            EmploymentEnded(**header(job, 3), **held, last_day=date(2025, 6, 30)),
            EmploymentReopened(**header(job, 4), **held),
            EmploymentChanged(
                **header(job, 5), **held, **terms, exempt=False, effective_on=date(2024, 10, 1)
            ),
        ],
        license_stream(uuid5(person_id, "license"), held),
        credit_stream(uuid5(person_id, "credit"), held),
        external_record_stream(uuid5(person_id, "external record"), held),
        acceptance_stream(uuid5(person_id, "acceptance"), held),
        plan_stream(uuid5(person_id, "plan"), person_id),
        learning_stream(uuid5(person_id, "learning"), person_id),
        [
            AccessGranted(**header(grants), **role),
            AccessWithdrawn(**header(grants, 2), **role),
        ],
    ]


def license_stream(stream: UUID, held: dict[str, Any]) -> Stream:
    """On file, changed, ruled on, renewed and surrendered."""
    facts: dict[str, Any] = {"role": "k-5", "traits": ("masters",)}
    first, last = date(2021, 7, 1), date(2026, 6, 30)
    return [
        LicenseRecorded(
            **header(stream),
            **held,
            **facts,
            jurisdiction="us-tn",
            license_type="professional",
            zone=ZONE,
            issued_on=first,
            valid_from=first,
            valid_to=last,
            number=vault_text("license number"),
        ),
        LicenseChanged(**header(stream, 2), **held, **facts, effective_on=date(2024, 8, 1)),
        LicenseRulingMade(
            **header(stream, 3),
            **held,
            achievement_id=named("award"),
            outcome="accepted",
            reason="seen",
            units_hundredths=50,
            category="literacy",
        ),
        LicenseRenewed(
            **header(stream, 4), **held, issued_on=last, valid_from=date(2026, 7, 1), valid_to=None
        ),
        LicenseClosed(
            **header(stream, 5), **held, reason="surrendered", effective_on=date(2027, 1, 1)
        ),
    ]


def credit_stream(stream: UUID, held: dict[str, Any]) -> Stream:
    return [
        CreditRecorded(
            **header(stream),
            **held,
            kind="semester_hour",
            quantity_hundredths=300,
            category=None,
            course="edu-501",
            begun_on=None,
            earned_on=date(2024, 12, 1),
            zone=ZONE,
            approved_on=None,
            exchanged_enrollment_id=None,
            documents=vault_text("transcript"),
        ),
        CreditWithdrawn(
            **header(stream, 2), **held, reason="mistake", effective_on=date(2025, 1, 1)
        ),
    ]


def external_record_stream(stream: UUID, held: dict[str, Any]) -> Stream:
    """Two awards of a transcript, one of which its issuer takes back."""
    found: dict[str, Any] = {
        "standing": "external_verified",
        "reason": None,
        "trust": "trusted",
        "status_reason": None,
    }
    facts: dict[str, Any] = {
        "issuer_hmac": "hmac-" + digest("issuer"),
        "issuer_id": None,
        "earned_on": date(2024, 5, 31),
        "expires_on": None,
        "holder": "unstated",
    }
    items = [uuid5(stream, name) for name in ("first", "second")]
    return [
        ExternalRecordImported(
            **header(stream),
            **held,
            kind="learner_record_2",
            carrier="json",
            document=vault_text("record"),
            title=None,
            zone=ZONE,
            items=tuple(
                ExternalItem(item_id=one, status="active", **found, **facts) for one in items
            ),
        ),
        ExternalRecordRechecked(
            **header(stream, 2),
            **held,
            items=(ItemFindings(item_id=items[1], status="revoked", **found),),
        ),
    ]


def acceptance_stream(stream: UUID, held: dict[str, Any]) -> Stream:
    """Accepted, put under review, and accepted in part."""
    facts: dict[str, Any] = {
        **held,
        "record_id": named("record"),
        "item_id": uuid5(stream, "item"),
        "kind": "micro_credential",
        "earned_on": date(2024, 5, 31),
        "expires_on": None,
        "zone": ZONE,
    }
    whole = {"outcome": "accepted", "quantity_hundredths": 100, "category": None, "reason": "same"}
    half = {
        "outcome": "partly_accepted",
        "quantity_hundredths": 50,
        "category": "literacy",
        "reason": "shorter",
    }
    return [
        AcceptanceDecided(**header(stream), **facts | whole),
        AcceptancePutUnderReview(
            **header(stream, 2), **held, reason="revoked-by-issuer", effective_on=date(2025, 1, 1)
        ),
        AcceptanceDecided(**header(stream, 3), **facts | half),
    ]


def plan_stream(stream: UUID, person_id: UUID) -> Stream:
    """A plan of two that are put the other way round, until one is given up."""
    hers: dict[str, Any] = {"person_id": person_id}
    first, second = CREDENTIAL, named("another credential")
    return [
        LearningPlanCreated(**header(stream), **hers, title=vault_text(str(stream))),
        PlanCredentialAdded(**header(stream, 2), **hers, credential_id=first),
        PlanCredentialAdded(**header(stream, 3), **hers, credential_id=second),
        PlanReordered(**header(stream, 4), **hers, credential_ids=(second, first)),
        PlanCredentialRemoved(**header(stream, 5), **hers, credential_id=second),
    ]


def learning_stream(stream: UUID, person_id: UUID) -> Stream:
    """A module that she opened and completed."""
    what: dict[str, Any] = {
        "person_id": person_id,
        "credential_id": CREDENTIAL,
        "credential_version": 2,
        "resource": RESOURCE.resource,
    }
    return [
        ResourceOpened(**header(stream), **what),
        ModuleCompleted(**header(stream, 2), **what),
    ]


def issuer_trust_stream() -> Stream:
    """An issuer that the district trusts, and no more."""
    shared: dict[str, Any] = {"district_id": DISTRICT, "issuer_id": "did:web:tn.example"}
    stream = named("trust")
    return [
        IssuerTrusted(
            **header(stream),
            **shared,
            hosts=("tn.example",),
            keys=(),
            effective_on=date(2024, 7, 1),
            authority_reference="Minute 12",
        ),
        IssuerTrustWithdrawn(
            **header(stream, 2), **shared, reason="closed", effective_on=date(2025, 7, 1)
        ),
    ]


def given_to(person_id: UUID, cycle: Stream) -> Stream:
    """The same enrollment as another teacher's."""
    own = uuid5(person_id, str(cycle[0].originator_id))
    changes: dict[str, Any] = {"originator_id": own, "person_id": person_id}
    moved = []
    for event in cycle:
        renews = isinstance(event, Enrolled) and event.renews_enrollment_id
        more = {"renews_enrollment_id": uuid5(person_id, str(renews))} if renews else {}
        moved.append(event.model_copy(update=changes | more))
    return moved


def interleaved(streams: Iterable[Stream], chance: random.Random) -> list[LedgerEvent]:
    """One log of all streams, each in its own order."""
    waiting = [list(stream) for stream in streams if stream]
    log = []
    while waiting:
        stream = chance.choice(waiting)
        log.append(stream.pop(0))
        if not stream:
            waiting.remove(stream)
    return log


@st.composite
def lives(draw: st.DrawFn, teachers: int = 2) -> list[LedgerEvent]:
    """A log of so many teachers. The issuer and the credential come before what rests on them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    issuer, credential = issuer_stream(), credential_stream()
    streams: list[Stream] = [issuer[3:], credential[2:], *organization_streams(), *other_streams()]
    for person_id in TEACHERS[:teachers]:
        streams += person_streams(person_id)
        streams += [given_to(person_id, cycle) for cycle in draw(worlds()).cycles]
    return [*issuer[:3], *credential[:2], *with_records(interleaved(streams, chance))]


def with_records(log: Iterable[LedgerEvent]) -> Iterator[LedgerEvent]:
    """The same log in which every award is issued as a record, and issued anew at once."""
    for index, event in enumerate(log):
        yield event
        if isinstance(event, Awarded):
            stream = uuid5(event.originator_id, "record")
            signed: dict[str, Any] = {
                "person_id": event.person_id,
                "enrollment_id": event.originator_id,
                "issuer_id": event.issuer_id,
                "token_key": "token key",
                "valid_from": MONDAY,
                "ciphertext_sha256": digest(str(stream)),
            }
            place = {"list_number": 1, "status_index": index}
            yield RecordIssued(**header(stream), **signed, **place, key="first")
            yield RecordReissued(**header(stream, 2), **signed, key="second", reason="key_replaced")
