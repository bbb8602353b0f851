"""The catalog: what can be found, by what, and in what state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.events import LedgerEvent
from ledger.events.credential import (
    Alignment,
    CredentialAligned,
    CredentialDrafted,
    CredentialRetired,
    CredentialVersionPublished,
    EvidenceRequirement,
)
from ledger.events.issuer import IssuerSuspended, IssuerSuspensionLifted
from ledger.events.stack import Group, StackDefined, StackRetired
from projections import catalog
from projections.catalog import Search
from tests.database import Server
from tests.projections.lives import issuer_stream
from tests.projections.logs import Log, a_log
from tests.samples import (
    CREDENTIAL,
    ISSUER,
    STACK,
    credential_events,
    definition,
    header,
    issuer_events,
    named,
)

PLAN_ONLY = (EvidenceRequirement(kind="lesson_plan"),)
OTHER = named("other")


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def published(name: str, **changes: Any) -> LedgerEvent:
    return CredentialVersionPublished(
        **header(named(name)),
        issuer_id=ISSUER,
        author_id=None,
        credential_version=1,
        definition=definition(title=name, **changes),
    )


def given(log: Log, *events: LedgerEvent) -> None:
    log.empty()
    log.fill([*issuer_events(), *events])
    log.catch_up()


def found(log: Log, **wanted: Any) -> list[str]:
    return [one.title for one in catalog.search(log.reader, Search(**wanted))]


def test_a_draft_is_kept_apart_from_what_is_published(log: Log) -> None:
    draft = definition(title="Later")
    redrafted = CredentialDrafted(
        **header(CREDENTIAL, 3), issuer_id=ISSUER, author_id=None, definition=draft
    )
    given(log, *credential_events(), redrafted)
    one = catalog.find_credential(log.reader, CREDENTIAL)
    assert one is not None
    assert (one.status, one.title, one.credential_version) == (
        "published",
        "Checking for understanding",
        1,
    )
    assert one.draft is not None
    assert one.draft["title"] == "Later"


def test_what_was_never_published_is_found_among_drafts(log: Log) -> None:
    given(log, credential_events()[0])
    assert found(log) == []
    assert found(log, status="drafted") == ["Checking for understanding"]


def test_every_version_stays_and_the_newest_is_found(log: Log) -> None:
    given(log, *credential_events(definition(), definition(title="Checking anew")))
    versions = catalog.versions_of(log.reader, CREDENTIAL)
    assert [v.title for v in versions] == ["Checking for understanding", "Checking anew"]
    assert catalog.find_version(log.reader, CREDENTIAL, 1) == versions[0]
    assert catalog.find_version(log.reader, CREDENTIAL, 3) is None
    assert found(log) == ["Checking anew"]
    titles = catalog.titles(log.reader, [(CREDENTIAL, 1), (CREDENTIAL, 1), (OTHER, 1)])
    assert [title.title for title in titles.values()] == ["Checking for understanding"]


def aligned(version: int, *codes: str, credential_version: int = 1) -> LedgerEvent:
    return CredentialAligned(
        **header(CREDENTIAL, version),
        issuer_id=ISSUER,
        credential_version=credential_version,
        alignments=tuple(
            Alignment(
                framework="InTASC",
                edition="2013",
                code=code,
                name=f"Standard {code}",
                url=f"https://standards.example/{code}",
            )
            for code in codes
        ),
    )


def test_a_version_is_shown_with_what_it_is_about_and_found_by_its_framework(log: Log) -> None:
    given(log, *credential_events(), aligned(3, "1"), aligned(4, "2", "3"))
    (version,) = catalog.versions_of(log.reader, CREDENTIAL)
    assert [one["code"] for one in version.alignments] == ["2", "3"]
    assert catalog.find_version(log.reader, CREDENTIAL, 1) == version
    assert found(log, framework="InTASC 2013") == ["Checking for understanding"]
    assert found(log, framework="InTASC 2011") == [], "an older edition is another framework"
    counted = {(one.facet, one.value): one.credentials for one in catalog.facets(log.reader)}
    assert counted["framework", "InTASC 2013"] == 1


def test_a_new_version_is_about_nothing_until_somebody_says_so(log: Log) -> None:
    given(log, *credential_events(definition(), definition(title="Anew")), aligned(5, "1"))
    assert [len(one.alignments) for one in catalog.versions_of(log.reader, CREDENTIAL)] == [1, 0]
    assert found(log, framework="InTASC 2013") == []


def test_the_retired_are_no_longer_offered(log: Log) -> None:
    retired = CredentialRetired(**header(CREDENTIAL, 3), issuer_id=ISSUER, reason="superseded")
    given(log, *credential_events(), retired)
    assert found(log) == []
    assert found(log, status="retired") == ["Checking for understanding"]


def test_a_suspended_issuer_takes_no_enrollments(log: Log) -> None:
    suspended = IssuerSuspended(**header(ISSUER, 4), reason="under-inquiry")
    given(log, *credential_events(), suspended)
    one = catalog.find_credential(log.reader, CREDENTIAL)
    assert one is not None
    assert (one.issuer_suspended, one.takes_enrollments) == (True, False)
    log.fill([IssuerSuspensionLifted(**header(ISSUER, 5))])
    log.catch_up()
    one = catalog.find_credential(log.reader, CREDENTIAL)
    assert one is not None
    assert one.takes_enrollments


def test_filters_leave_what_fits(log: Log) -> None:
    given(
        log,
        published("Alpha", evidence=PLAN_ONLY, focus_areas=("reading",), effort_hours_max=6),
        published("Beta", audiences=("principal",)),
    )
    assert found(log) == ["Alpha", "Beta"]
    assert found(log, needs_students=False) == ["Alpha"]
    assert found(log, needs_students=True) == ["Beta"]
    assert found(log, focus_area="reading") == ["Alpha"]
    assert found(log, audience="principal") == ["Beta"]
    assert found(log, evidence_kind="student_work") == ["Beta"]
    assert found(log, hours_max=6) == ["Alpha"]
    assert found(log, issuer_id=OTHER) == []
    assert found(log, words="ALPH") == ["Alpha"]
    assert found(log, words="%") == []


def test_pages_follow_each_other_by_title(log: Log) -> None:
    given(log, *(published(name) for name in ("Beta", "Alpha", "Gamma")))
    first = catalog.search(log.reader, Search(), limit=2)
    assert [one.title for one in first] == ["Alpha", "Beta"]
    after = (first[-1].title, first[-1].credential_id)
    assert [one.title for one in catalog.search(log.reader, Search(), after=after)] == ["Gamma"]


def test_facets_count_what_each_filter_would_leave(log: Log) -> None:
    given(
        log,
        published("Alpha", focus_areas=("reading", "writing")),
        published("Beta", focus_areas=("reading",)),
    )
    counted = {(f.facet, f.value): f.credentials for f in catalog.facets(log.reader)}
    assert counted["focus_area", "reading"] == 2
    assert counted["focus_area", "writing"] == 1
    assert counted["needs_students", "true"] == 2
    for (facet, value), credentials in counted.items():
        if facet in {"focus_area", "audience", "evidence_kind"}:
            assert len(found(log, **{facet: value})) == credentials


def test_a_stack_names_everything_that_counts_towards_it(log: Log) -> None:
    inner = Group(title="Inner", needed=1, credential_ids=(named("Beta"),))
    whole = Group(title="All", needed=2, credential_ids=(named("Alpha"),), groups=(inner,))
    defined = StackDefined(
        **header(STACK),
        stack_version=1,
        issuer_id=ISSUER,
        title="Stack",
        summary="Two and one more.",
        requirement=whole,
        capstone_credential_id=named("Gamma"),
    )
    given(log, *(published(name) for name in ("Alpha", "Beta", "Gamma", "Delta")), defined)
    assert found(log, stack_id=STACK) == ["Alpha", "Beta", "Gamma"]
    one = catalog.find_stack(log.reader, STACK)
    assert one is not None
    assert one.credential_ids == [named("Alpha"), named("Beta"), named("Gamma")]
    assert catalog.stacks(log.reader) == [one]
    assert catalog.stacks(log.reader, after=(one.title, one.stack_id)) == []
    log.fill([StackRetired(**header(STACK, 2), reason="superseded")])
    log.catch_up()
    retired = catalog.find_stack(log.reader, STACK)
    assert retired is not None
    assert retired.status == "retired"


def test_an_issuer_is_shown_as_it_stands(log: Log) -> None:
    log.empty()
    log.fill(issuer_stream())
    log.catch_up()
    one = catalog.find_issuer(log.reader, ISSUER)
    assert one is not None
    assert (one.name, one.approved, one.suspended) == ("Lakeshore", True, False)
    assert one.terms["decision_business_days"] == 5
    assert catalog.issuers(log.reader) == [one]
    assert catalog.issuers(log.reader, after=ISSUER) == []
    assert catalog.find_issuer(log.reader, OTHER) is None
