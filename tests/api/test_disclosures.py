"""Who read whose record: every read of another person's leaves a line, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from api.disclosure_log import DisclosureLog, DisclosureUnwrittenError, Line
from ledger.store import Role, connection_info
from ledger.values import POSITION_MAX
from tests.api.conftest import running
from tests.api.test_authorization import TABLE, Place, ask, furnish
from tests.api.world import Issuer, Story, World, stipend
from tests.database import Server
from tests.samples import EARNER, MONDAY, named
from tests.seal.witnesses import until

# Who has a link has no name: tests/api/test_shares.py looks at the lines of those.
GETS = [one for one in TABLE if one.startswith("GET") and "{secret}" not in one]
READER = named("reader")


@dataclass
class Watched(Place):
    """Two tenants, and in one of them an enrollment that waits for an assessor and for approval."""

    waiting: Story | None = None
    table: psycopg.Connection[Any] | None = None

    def lines(self, after: int = 0) -> list[Line]:
        """The lines after so many, oldest first."""
        assert self.table is not None
        columns = ", ".join(Line._fields)
        found = self.table.execute(
            f"SELECT {columns} FROM disclosures ORDER BY line_id OFFSET {after}".encode()
        )
        return [Line(*row) for row in found]


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
        psycopg.connect(connection_info(url, Role.DISCLOSE), autocommit=True) as table,
    ):
        place = Watched(world, furnish(world, "here-7f3a"), furnish(world, "there-9c1e"))
        place.table, place.waiting = table, waiting(world, place)
        yield place


def waiting(world: World, place: Watched) -> Story:
    """A colleague of the teacher who has handed in, and whose work one assessor still has."""
    roles, ids = place.here.roles, place.here.ids
    office, district = roles["district"], ids["district_id"]
    body = {"details": {"given_name": "Ben", "family_name": "Waiting"}}
    colleague = UUID(world.done(office, f"/v1/districts/{district}/people", body)["id"])
    body = {
        "person_id": str(colleague),
        "position": "second",
        "role": "teacher",
        "first_day": "2024-08-01",
    }
    world.done(office, f"/v1/districts/{district}/employments", body)
    approver, credential = roles["approver"], ids["credential_id"]
    rise = stipend(title="Rise", benefit="base_pay")
    world.done(office, f"/v1/districts/{district}/policies", rise)
    issuer = Issuer(world, ids["issuer_id"], approver)
    one = Story(world, issuer, colleague, credential, [roles["assessor"]]).enroll().hand_in()
    world.done(approver, f"{one.path}/assignments", {"assessor_id": str(roles["assessor"])})
    return one


def asked(place: Watched, who: UUID, operation: str, ids: dict[str, str]) -> tuple[Any, list[Line]]:
    """The answer, and the lines it left."""
    before = len(place.lines())
    answer = ask(place.world, who, operation, ids)
    return answer, place.lines(before)


def test_every_read_says_whose_record_it_shows() -> None:
    assert [operation for operation in GETS if "shows" not in TABLE[operation]] == []


@pytest.mark.parametrize("operation", GETS)
def test_a_read_leaves_a_line_for_everybody_whose_record_another_is_shown(
    operation: str, place: Watched
) -> None:
    record, found = TABLE[operation]["shows"], False
    assert place.waiting is not None
    subjects = {place.here.roles["teacher"], place.waiting.teacher}
    also = {**place.here.ids, "enrollment_id": place.waiting.enrollment}
    for role, who in place.roles.items():
        for ids in (place.here.ids, also) if "{enrollment_id}" in operation else (also,):
            answer, lines = asked(place, who, operation, ids)
            assert {line.reader_id for line in lines} <= {who}
            assert who not in {line.person_id for line in lines}, "her own is no disclosure"
            assert "unexplained" not in {line.role for line in lines}, role
            if answer.status_code != 200 or record == "nobody":
                assert lines == [], role
                continue
            assert {line.record for line in lines} <= {record}
            named_there = {one for one in subjects - {who} if str(one) in answer.text}
            assert named_there <= {line.person_id for line in lines}, role
            found = found or bool(lines)
    assert found == (record != "nobody"), "nobody was shown anything: the test has to be mended"


@pytest.mark.parametrize(
    ("role", "operation", "as_role", "scope"),
    [
        ("district", "GET /v1/people/{person_id}/transcript", "district", "district_id"),
        ("district", "GET /v1/districts/{district_id}/payouts", "district", "district_id"),
        ("payroll", "GET /v1/payouts/{payout_id}/explanation", "payroll", "district_id"),
        ("district_auditor", "GET /v1/people/{person_id}", "auditor", "district_id"),
        ("auditor", "GET /v1/people/{person_id}/history", "auditor", None),
        (
            "assessor",
            "GET /v1/enrollments/{enrollment_id}/evidence/{evidence_id}",
            "assessor",
            "issuer_id",
        ),
        (
            "approver",
            "GET /v1/enrollments/{enrollment_id}/decisions",
            "issuer_approver",
            "issuer_id",
        ),
    ],
)
def test_a_line_says_who_looked_at_what_and_as_what(
    role: str, operation: str, as_role: str, scope: str | None, place: Watched
) -> None:
    ids, who = place.here.ids, place.roles[role]
    _, lines = asked(place, who, operation, ids)
    [line] = [one for one in lines if one.person_id == place.here.roles["teacher"]]
    assert line.reader_id == who
    assert (line.role, line.organization_id) == (as_role, UUID(ids[scope]) if scope else None)
    assert line.record == TABLE[operation]["shows"]
    things = {"payout": ids["payout_id"], "evidence": ids["evidence_id"]}
    if line.record in things:
        assert line.thing_id == UUID(things[line.record])


def test_she_sees_who_looked_page_by_page_and_nobody_else_does(place: Watched) -> None:
    world, ids, teacher = place.world, place.here.ids, place.here.roles["teacher"]
    for _ in range(3):
        ask(world, place.here.roles["district"], "GET /v1/people/{person_id}", ids)
        ask(world, teacher, "GET /v1/people/{person_id}", ids)
    path, seen, cursor = f"/v1/people/{teacher}/disclosures", list[dict[str, Any]](), None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = world.seen(teacher, path, limit=2, **more)
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    hers = [line for line in place.lines() if line.person_id == teacher]
    assert [datetime.fromisoformat(one["read_at"]) for one in seen] == [
        line.read_at for line in reversed(hers)
    ]
    assert [one["record"] for one in seen[:3]] == ["person"] * 3
    assert {one["reader_id"] for one in seen[:3]} == {str(place.here.roles["district"])}
    blind = {one["reader_id"] for one in seen if one["role"] == "assessor"}
    assert blind <= {None}


def test_a_teacher_is_told_that_an_assessor_looked_and_not_which_one(place: Watched) -> None:
    operation = "GET /v1/enrollments/{enrollment_id}/evidence/{evidence_id}"
    ask(place.world, place.here.roles["assessor"], operation, place.here.ids)
    teacher = place.here.roles["teacher"]
    newest = place.world.seen(teacher, f"/v1/people/{teacher}/disclosures", limit=1)["items"][0]
    assert (newest["role"], newest["reader_id"]) == ("assessor", None)
    assert newest["thing_id"] == place.here.ids["evidence_id"]
    path = f"/v1/issuers/{place.here.ids['issuer_id']}/disclosures"
    audited = place.world.seen(place.auditor, path, limit=1)["items"][0]
    assert audited["reader_id"] == str(place.here.roles["assessor"])


def test_an_auditor_sees_who_looked_for_her_own_district_alone(place: Watched) -> None:
    here, there = place.here.ids["district_id"], place.there.ids["district_id"]
    auditor = place.here.roles["district_auditor"]
    for tenant in (place.here, place.there):
        ask(place.world, tenant.roles["district"], "GET /v1/people/{person_id}", tenant.ids)
    found = place.world.seen(auditor, f"/v1/districts/{here}/disclosures")["items"]
    assert {one["organization_id"] for one in found} == {here}
    assert place.here.ids["person_id"] in {one["person_id"] for one in found}
    for who, district in ((auditor, there), (place.here.roles["district"], here)):
        path = f"/v1/districts/{district}/disclosures"
        assert place.world.get(who, path).status_code == 404


# The log itself


def line(record: str = "transcript", person_id: UUID = EARNER) -> Line:
    return Line(MONDAY, person_id, READER, "district", uuid4(), record, None)  # type: ignore[arg-type]


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool[Any]]:
    info = connection_info(database_url, Role.DISCLOSE)
    with ConnectionPool(info, min_size=1, max_size=2, timeout=1) as opened:
        yield opened


def test_many_who_write_at_once_share_few_transactions_and_lose_nothing(
    pool: ConnectionPool[Any],
) -> None:
    log = DisclosureLog(pool)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: log.write([line()] * 5).result(timeout=20), range(200)))
    log.close()
    assert len(log.page_of("of_person", [EARNER], POSITION_MAX, 2000)) == 1000
    with pool.connection() as connection:
        transactions = connection.execute("SELECT count(DISTINCT xmin::text) FROM disclosures")
        assert transactions.fetchall()[0][0] < 200


def test_what_waits_at_the_end_is_written(pool: ConnectionPool[Any]) -> None:
    log = DisclosureLog(pool)
    waiting = [log.write([line()]) for _ in range(50)]
    log.close()
    assert all(written.done() and written.exception() is None for written in waiting)
    assert len(log.page_of("of_person", [EARNER], POSITION_MAX, 100)) == 50
    with pytest.raises(DisclosureUnwrittenError):
        log.write([line()])


def test_what_cannot_be_written_fails_and_the_next_is_written_again(
    pool: ConnectionPool[Any], database_url: str
) -> None:
    log = DisclosureLog(pool)
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE ledger.disclosures RENAME TO elsewhere")
    with pytest.raises(DisclosureUnwrittenError):
        log.write([line()]).result(timeout=20)
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE ledger.elsewhere RENAME TO disclosures")
    log.write([line()]).result(timeout=20)
    log.close()
    assert len(log.page_of("of_person", [EARNER], POSITION_MAX, 100)) == 1


def test_no_more_wait_than_there_is_room_for(pool: ConnectionPool[Any], database_url: str) -> None:
    log = DisclosureLog(pool, lines_max=10)
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE ledger.disclosures IN ACCESS EXCLUSIVE MODE")
        taken = [log.write([line()] * 5)]
        until(taken[0].running)  # and so waits no more; the others wait behind it
        taken += [log.write([line()] * 5) for _ in range(2)]
        with pytest.raises(DisclosureUnwrittenError, match="too many"):
            log.write([line()] * 6)
    for written in taken:
        written.result(timeout=20)
    log.close()
    assert len(log.page_of("of_person", [EARNER], POSITION_MAX, 100)) == 5 * len(taken)


def test_one_who_has_gone_meanwhile_does_not_stop_the_others(
    pool: ConnectionPool[Any], database_url: str
) -> None:
    log = DisclosureLog(pool)
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE ledger.disclosures IN ACCESS EXCLUSIVE MODE")
        first = log.write([line()])
        until(first.running)  # so that the others wait behind it
        gone, last = log.write([line()]), log.write([line()])
        assert gone.cancel()
    assert [one.result(timeout=20) for one in (first, last)] == [None, None]
    log.close()
    stored = log.page_of("of_person", [EARNER], POSITION_MAX, 100)
    assert len(stored) == 3, "whoever has gone may have been shown it before"


def test_lines_are_only_added_and_kept_for_three_years(
    pool: ConnectionPool[Any], database_url: str
) -> None:
    log = DisclosureLog(pool)
    now = datetime.now(UTC)  # noqa: TID251
    old = [line()._replace(read_at=now - timedelta(days=366 * 4))] * 3
    log.write([*old, line()._replace(read_at=now)]).result(timeout=20)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="three years"):
        log.forget(0, 4)
    assert log.forget(0, 3) == 3
    assert log.forget(0, 3) == 0
    log.close()
    for statement in ("UPDATE disclosures SET role = 'x'", "TRUNCATE disclosures"):
        for role in (Role.DISCLOSE, Role.OWNER):
            with (
                psycopg.connect(connection_info(database_url, role)) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement.encode())
    for role in (Role.READ, Role.APPEND, Role.PROJECT, Role.VAULT, Role.AUDIT):
        with (
            psycopg.connect(connection_info(database_url, role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT FROM disclosures")


def test_a_record_is_not_shown_while_that_cannot_be_written_down(
    world: World, database_url: str
) -> None:
    district = world.district()
    teacher = district.teacher()
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE ledger.disclosures RENAME TO elsewhere")
    refused = world.get(district.office, f"/v1/people/{teacher}")
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/disclosure-unwritten"
    assert refused.headers["retry-after"]
    assert "Ada" not in refused.text
    assert world.get(teacher, f"/v1/people/{teacher}").status_code == 200, "her own, always"
