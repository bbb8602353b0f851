"""What a projection's tables said at an earlier position, to be read by the same statements.

The events of a few streams, up to that position, are folded into temporary tables that stand in
front of the live ones as long as a block lasts, and are dropped with its end. So a report as of a
position comes from the same fold and the same query as the report of today, and cannot differ
from what it said then. The streams have to hold everything that the rows in question rest on.

Payouts keep their own versions and do without, but for what they rest on; a transcript is folded
in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.events import LedgerEvent
from ledger.events.calendar import calendar_stream
from ledger.events.merge import PersonsMerged
from ledger.rules.entitlements.findings import RulePolicy
from ledger.values import POSITION_MAX
from projections import payouts
from projections.batches import Batches
from projections.catalog import Catalog
from projections.challenges import Challenges
from projections.contract import Fact, Projection
from projections.disputes import Disputes
from projections.employments import Employments
from projections.external_records import ExternalRecords
from projections.journal import payroll_streams
from projections.learning import Learning
from projections.log import facts_of, pages_of
from projections.payout_fold import Book
from projections.payout_writes import changes
from projections.payouts import Payouts, PolicyVersion
from projections.physical_badges import PhysicalBadges
from projections.records import Records
from projections.reviews import Reviews
from projections.sql import Write, blocks, rows
from projections.stacks import Stacks

_SQL = blocks("known")
Pages = Iterable[Sequence[Fact[LedgerEvent]]]
Fold = Callable[[Sequence[Fact[LedgerEvent]]], None]  # takes a page in, after those before it


def stacks_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """Her awards, and the stacks, as they were known then."""
    return _known(connection, Stacks(), position, "stacks_of_person", person_id=person_id)


def holders_of_stack(
    connection: Connection[Any], stack_id: UUID, position: int
) -> AbstractContextManager[None]:
    """One stack, and everybody's awards of what it ever named, as they were known then."""
    return _known(connection, Stacks(), position, "holders_of_stack", stack_id=stack_id)


def employments_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """Her positions as they were known then."""
    return _known(connection, Employments(), position, "employments_of_person", person_id=person_id)


def employments_of_district(
    connection: Connection[Any], district_id: UUID, position: int
) -> AbstractContextManager[None]:
    """A district's positions as they were known then."""
    key = {"district_id": district_id}
    return _known(connection, Employments(), position, "employments_of_district", **key)


def organizations(connection: Connection[Any], position: int) -> AbstractContextManager[None]:
    """Districts and schools as they were known then."""
    return _known(connection, Employments(), position, "organizations")


def catalog(connection: Connection[Any], position: int) -> AbstractContextManager[None]:
    """The whole catalog as it was known then."""
    return _known(connection, Catalog(), position, "catalog")


def queue_of_issuer(
    connection: Connection[Any], issuer_id: UUID, position: int
) -> AbstractContextManager[None]:
    """What an issuer had open then. Reviews that were closed by then are left out."""
    key = {"issuer_id": issuer_id, "until": position}
    return _known(connection, Reviews(), position, "queue_of_issuer", **key)


def review(
    connection: Connection[Any], enrollment_id: UUID, position: int
) -> AbstractContextManager[None]:
    """The review of one enrollment as it stood then."""
    return _known(connection, Reviews(), position, "review", enrollment_id=enrollment_id)


def disputes_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """What she disputed, as it stood then."""
    return _known(connection, Disputes(), position, "disputes_of_person", person_id=person_id)


def disputes_of_office(
    connection: Connection[Any], office_id: UUID, position: int
) -> AbstractContextManager[None]:
    """What an issuer or a district had been asked about, as it stood then."""
    return _known(connection, Disputes(), position, "disputes_of_office", office_id=office_id)


def challenges_of_district(
    connection: Connection[Any], district_id: UUID, position: int
) -> AbstractContextManager[None]:
    """A district's challenges and their teams as they were known then."""
    key = {"district_id": district_id}
    return _known(connection, Challenges(), position, "challenges_of_district", **key)


@contextmanager
def physical_badges_of_issuer(
    connection: Connection[Any], issuer_id: UUID, position: int
) -> Iterator[None]:
    """Badges that were asked of an issuer, its awards of the kind, and schools, as known then."""
    key = {"issuer_id": issuer_id}
    with (
        organizations(connection, position),
        _known(connection, Records(), position, "awards_with_badges_of_issuer", **key),
        _known(connection, PhysicalBadges(), position, "physical_badges_of_issuer", **key),
    ):
        yield


@contextmanager
def physical_badges_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> Iterator[None]:
    """The badges that were asked for her, their awards, and schools, as known then."""
    key = {"person_id": person_id}
    with (
        organizations(connection, position),
        _known(connection, Records(), position, "awards_with_badges_of_person", **key),
        _known(connection, PhysicalBadges(), position, "physical_badges_of_person", **key),
    ):
        yield


@contextmanager
def learning_of_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> Iterator[None]:
    """Her plans and what she learned from, and what the catalog said of it, as known then."""
    key = {"person_id": person_id}
    with (
        _known(connection, Learning(), position, "learning_of_person", **key),
        _known(connection, Catalog(), position, "catalog_of_learning", **key),
    ):
        yield


def received_by_person(
    connection: Connection[Any], person_id: UUID, position: int
) -> AbstractContextManager[None]:
    """What came with her from elsewhere, and what districts let it count for, as known then."""
    which = "received_by_person"
    return _known(connection, ExternalRecords(), position, which, person_id=person_id)


def payroll_of_district(
    connection: Connection[Any], district_id: UUID, position: int
) -> AbstractContextManager[None]:
    """A district's batches, and what was decided about its entitlements, as they were known then.

    Terms of payroll are left out: each version of them says where it was set.
    """
    if position >= POSITION_MAX:
        return nullcontext()
    streams = payroll_streams(connection, district_id)
    return folded(connection, Batches(), streams, position)


@contextmanager
def payroll_of_district_by_pages(
    connection: Connection[Any], district_id: UUID
) -> Iterator[tuple[Pages, Fold]]:
    """All events of a district's payroll, and what folds the next of them into empty tables.

    So whoever goes through them sees, before each, what the tables said when it came.
    """
    streams = payroll_streams(connection, district_id)
    projection = Batches()
    with _empty_tables(connection, projection):

        def fold(page: Sequence[Fact[LedgerEvent]]) -> None:
            for write in _applied(connection, projection, page):
                connection.execute(*write)

        yield pages_of(connection, streams, POSITION_MAX), fold


def payouts_of_district(
    connection: Connection[Any], district_id: UUID, policy_ids: Collection[UUID], position: int
) -> AbstractContextManager[None]:
    """What some policies of a district came to then, and all that money of its people rested on."""
    if position >= POSITION_MAX:
        return nullcontext()
    employed = rows(connection, _SQL["persons_employed"], district_id=district_id)
    person_ids = [person_id for (person_id,) in employed]
    return _payouts(connection, district_id, person_ids, policy_ids, position)


def payouts_of_person(
    connection: Connection[Any],
    district_id: UUID,
    person_id: UUID,
    policy_ids: Collection[UUID],
    position: int,
) -> AbstractContextManager[None]:
    """What some policies of a district rested on then for one person, who is named as now."""
    if position >= POSITION_MAX:
        return nullcontext()
    streams = _money_streams(connection, district_id, [person_id], policy_ids)
    return folded(connection, Payouts(), streams, position)


def payouts_under_draft(
    connection: Connection[Any], policy: RulePolicy, position: int
) -> AbstractContextManager[None]:
    """What a policy would have come to, had it been adopted before all else; other policies not.

    It keeps its id, so its closed lines and the draws of its pools count as they did.
    """
    district_id = policy.district_id
    book = Book(changed_policies={policy.policy_id})
    book.rules.add(policy)
    employed = rows(connection, _SQL["persons_employed"], district_id=district_id)
    person_ids = [person_id for (person_id,) in employed]
    return _payouts(connection, district_id, person_ids, (), position, first=changes(book))


@contextmanager
def in_review_of_district(
    connection: Connection[Any], district_id: UUID, policy_ids: Collection[UUID], position: int
) -> Iterator[None]:
    """What people of a district had handed in then, and what money of theirs rested on.

    Budgets are known no further than these people's claims go.
    """
    if position >= POSITION_MAX:
        yield
        return
    key = {"district_id": district_id, "until": position}
    found = rows(connection, _SQL["in_review_of_district"], **key)
    enrollments = [enrollment_id for enrollment_id, *_ in found]
    issuers = {issuer_id for _, issuer_id, _ in found}
    person_ids = {person_id for *_, person_id in found}
    money = _payouts(
        connection, district_id, person_ids, policy_ids, position, enrollments=enrollments
    )
    with replayed(connection, Reviews(), [*enrollments, *issuers], position), money:
        yield


def _payouts(
    connection: Connection[Any],
    district_id: UUID,
    person_ids: Collection[UUID],
    policy_ids: Collection[UUID],
    position: int,
    *,
    enrollments: Collection[UUID] = (),  # that were not awarded, and may be imagined to be
    first: Sequence[Write] = (),
) -> AbstractContextManager[None]:
    streams = _money_streams(connection, district_id, person_ids, policy_ids)
    return replayed(connection, Payouts(), [*streams, *enrollments], position, first=first)


def _money_streams(
    connection: Connection[Any],
    district_id: UUID,
    person_ids: Collection[UUID],
    policy_ids: Collection[UUID],
) -> list[UUID]:
    """Whatever money of these persons may rest on."""
    key = {"person_ids": list(person_ids), "policy_ids": list(policy_ids)}
    found = rows(connection, _SQL["payouts_of_persons"], **key)
    return [
        calendar_stream(district_id),
        *payroll_streams(connection, district_id),
        *(stream for (stream,) in found),
    ]


def policies_known(
    connection: Connection[Any], district_id: UUID, position: int
) -> list[PolicyVersion]:
    """Every policy version that a district had adopted by then; what retired one later is left out.

    Versions never change, so the live rows say it.
    """
    adopted = payouts.policies_of_district(connection, district_id)
    return [
        one
        if (one.retired_position or 0) <= position
        else replace(one, last_day=None, retired_position=None)
        for one in adopted
        if one.position <= position
    ]


def _known(
    connection: Connection[Any], projection: Projection[Any], position: int, which: str, **key: Any
) -> AbstractContextManager[None]:
    if position >= POSITION_MAX:
        return nullcontext()
    streams = [stream for (stream,) in rows(connection, _SQL[which], **key)]
    return folded(connection, projection, streams, position)


@contextmanager
def _undisturbed(connection: Connection[Any]) -> Iterator[None]:
    """A connection that met an error goes: rolling back made the server forget its statements."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def folded(
    connection: Connection[Any], projection: Projection[Any], streams: Sequence[UUID], position: int
) -> AbstractContextManager[None]:
    """Tables of one projection made from these streams alone, up to a position.

    They name persons as they are named now, for that is how somebody asks about one.
    """
    return _tables(connection, projection, [facts_of(connection, streams, position)])


def replayed(
    connection: Connection[Any],
    projection: Projection[Any],
    streams: Sequence[UUID],
    position: int,
    *,
    first: Sequence[Write] = (),
) -> AbstractContextManager[None]:
    """The same with persons as they were named then: two records merged since are two.

    What is written `first` stands there before any event.
    """
    return _tables(connection, projection, pages_of(connection, streams, position), first)


@contextmanager
def _tables(
    connection: Connection[Any],
    projection: Projection[Any],
    pages: Pages,
    first: Sequence[Write] = (),
) -> Iterator[None]:
    with _empty_tables(connection, projection):
        for write in first:
            connection.execute(*write)
        for page in pages:
            for write in _applied(connection, projection, page):
                connection.execute(*write)
        projection.finish(connection)
        yield


@contextmanager
def _empty_tables(connection: Connection[Any], projection: Projection[Any]) -> Iterator[None]:
    with _undisturbed(connection), connection.transaction():
        for table in map(Identifier, (table.name for table in projection.tables)):
            make = "CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP"
            connection.execute(SQL(make).format(table=table))
        rows(connection, _SQL["look_there_first"])
        yield


def _applied(
    connection: Connection[Any], projection: Projection[Any], page: Sequence[Fact[LedgerEvent]]
) -> list[Write]:
    """What a page writes; of a merge, which is alone on its page, what the tables said moves."""
    for position, event in page[:1]:
        if isinstance(event, PersonsMerged):
            return projection.merge(Fact(position, event), connection)
    wanted = [fact for fact in page if projection.relevant(fact.event) is not None]
    return projection.apply(wanted, connection) if wanted else []
