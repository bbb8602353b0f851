"""What payroll answers: reconciled line by line, until nothing is left that nobody can explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from api.payroll_returns import ANSWERS_PER_COMMAND, Returned, record_return
from ledger.aggregates.batch_answers import Answer
from ledger.aggregates.batch_returns import AnsweredBatch
from ledger.application import Call
from tests.api.conftest import running
from tests.api.payroll import CODES, Payday, Worked, hire, payday, worked_batch
from tests.api.world import World
from tests.database import Server

HEADER = "batch_no,line_id,status,code,message,paid_amount,pay_date"


@pytest.fixture
def worked(world: World) -> Worked:
    return worked_batch(world)


@pytest.fixture(scope="module")
def paid(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Payday]:
    """A district with two teachers who are paid 300.00 each, in batch 1."""
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
        day, issuer = payday(world), world.issuer()
        credential = issuer.credential()
        day.policy(credential)
        for number in ("1", "2"):
            day.award(hire(day, number), credential, issuer)
        yield day


def rows(*lines: str) -> str:
    return "\r\n".join((HEADER, *lines)) + "\r\n"


def ids_by_amount(day: Payday, batch: str) -> dict[int, str]:
    return {line["amount_cents"]: line["line_id"] for line in day.lines(batch)}


def statuses(day: Payday, batch: str) -> dict[int, str]:
    return {line["amount_cents"]: line["status"] for line in day.lines(batch)}


def worked_return(worked: Worked) -> str:
    line = ids_by_amount(worked.day, worked.batch)
    return rows(
        f"2,{line[60_000]},accepted,,,600.00,2024-11-15",
        f"2,{line[20_000]},accepted,,,200.00,2024-11-15",
        f"2,{line[40_000]},rejected,E104,cost number closed,,",
        f"2,{line[-15_000]},bypassed,W201,employee inactive,,",
    )


def test_the_worked_return_comes_out_at_zero_and_what_bounced_comes_again(worked: Worked) -> None:
    day, world = worked.day, worked.world
    day.export(worked.batch, "adp-workforce-now")
    sent = worked_return(worked)

    answer = day.answer(worked.batch, sent)

    assert answer.status_code == 200, answer.text
    counts = {name: answer.json()[name] for name in ("accepted", "rejected", "bypassed")}
    assert counts == {"accepted": 2, "rejected": 1, "bypassed": 1}
    found = day.variance(worked.batch)
    assert found["sums"] == {
        "exported_cents": 105_000,
        "accepted_cents": 80_000,
        "rejected_cents": 40_000,
        "bypassed_cents": -15_000,
        "pending_cents": 0,
        "exceptions": 0,
    }
    assert found["variance_cents"] == 0  # 1,050.00 = 800.00 + 400.00 + (-150.00) + 0
    world.done(day.second, f"/v1/batches/{worked.batch}/reconciliations", {})
    assert world.seen(day.office, f"/v1/batches/{worked.batch}")["state"] == "reconciled"
    code = {**CODES[0], "policy_id": worked.policies[40_000], "account": "27T2299"}
    day.terms(codes=[CODES[0], code], effective_from="2024-11-16")
    [again] = day.lines(day.close("2024-11-29"))
    assert again["line_id"] == ids_by_amount(day, worked.batch)[40_000]
    assert (again["attempt"], again["account"]) == (2, "27T2299")


def test_what_was_passed_over_waits_for_a_person(worked: Worked) -> None:
    day, world = worked.day, worked.world
    day.export(worked.batch, "adp-workforce-now")
    day.answer(worked.batch, worked_return(worked))
    line = ids_by_amount(day, worked.batch)
    asked = {"attempt": 1, "reason": "uncollectible", "board_reference": "Minute 12"}

    refused = world.post(day.second, f"/v1/lines/{line[60_000]}/write-offs", asked)
    assert refused.json()["type"] == "/problems/line-not-bypassed"
    world.done(day.second, f"/v1/lines/{line[-15_000]}/write-offs", asked)

    assert statuses(day, worked.batch)[-15_000] == "written_off"
    [recorded] = world.seen(day.office, f"/v1/batches/{worked.batch}/returns")["items"]
    assert (recorded["return_number"], recorded["recorded_by"]) == (1, str(day.machine))
    counts = ("accepted", "rejected", "bypassed", "pending", "repeated", "quarantined")
    assert [recorded[name] for name in counts] == [2, 1, 1, 0, 0, 0]
    again = world.post(day.office, f"/v1/lines/{line[-15_000]}/releases", {"attempt": 1})
    assert again.json()["type"] == "/problems/line-settled"
    assert world.seen(day.office, f"{day.path}/correction-proposals")["items"] == []
    assert [one["amount_cents"] for one in day.lines(day.close("2024-11-29"))] == [40_000]


def test_what_is_released_comes_again_under_the_same_id(worked: Worked) -> None:
    day = worked.day
    day.export(worked.batch, "adp-workforce-now")
    day.answer(worked.batch, worked_return(worked))
    line = ids_by_amount(day, worked.batch)[-15_000]
    day.world.done(day.office, f"/v1/lines/{line}/releases", {"attempt": 1})
    again = {one["line_id"]: one["attempt"] for one in day.lines(day.close("2024-11-29"))}
    assert again[line] == 2


def test_the_states_of_an_entitlement_follow_its_line(worked: Worked) -> None:
    day, batch = worked.day, worked.batch

    def states() -> list[str]:
        return sorted(one for one in day.states().values() if one != "not_due")

    assert states() == ["batched", "batched", "batched", "reversed"]
    day.export(batch)
    assert states() == ["exported", "exported", "exported", "reversed"]
    day.answer(batch, worked_return(worked))
    assert states() == ["approved", "paid", "paid", "reversed"]
    teacher = worked.teachers["4501"]
    own = day.world.seen(teacher, f"/v1/people/{teacher}/payments")["items"]
    assert {one["amount_cents"]: one["status"] for one in own} == {
        20_000: "paid",
        40_000: "rejected",
    }


def batch_to_answer(day: Payday) -> tuple[str, int, list[dict[str, Any]]]:
    """The one batch of the district, exported; each test takes a district of its own."""
    found = day.world.seen(day.office, f"{day.path}/batches")["items"]
    if not found:
        day.export(day.close("2024-10-15"))
        found = day.world.seen(day.office, f"{day.path}/batches")["items"]
    return found[0]["batch_id"], found[0]["number"], day.lines(found[0]["batch_id"])


def test_unknown_repeated_wrong_and_contradicting_answers(paid: Payday) -> None:
    batch, number, (one, two) = batch_to_answer(paid)
    strange = uuid4()
    short = rows(f"{number},{one['line_id']},accepted,,,299.99,2024-10-15")
    mixed = rows(
        f"{number},{two['line_id']},pending,,,,",
        f"{number},{strange},accepted,,,300.00,2024-10-15",
    )
    assert paid.answer(batch, short).json()["exceptions"] == 1
    answer = paid.answer(batch, mixed).json()
    assert (answer["pending"], answer["quarantined"]) == (1, 1)
    found = paid.variance(batch)
    assert found["variance_cents"] == 1  # 600.00 = 299.99 accepted + 300.00 pending + 0.01
    assert found["sums"]["exceptions"] == 1
    assert [line["line_id"] for line in found["quarantined"]] == [str(strange)]
    events = paid.world.edge.ledger.recorder.last_position()
    for repeated in (short, mixed):
        again = paid.answer(batch, repeated).json()
        assert again["position"] is None
        assert again["repeated"] > 0
    assert paid.world.edge.ledger.recorder.last_position() == events

    right = [
        {"batch_no": number, "line_id": line["line_id"], "status": "accepted"}
        | {"paid_amount": "300.00", "pay_date": "2024-10-15"}
        for line in (one, two)
    ]
    paid.answer(batch, orjson.dumps(right))
    assert paid.variance(batch)["variance_cents"] == 0
    assert paid.variance(batch)["sums"]["exceptions"] == 0
    late = rows(f"{number},{one['line_id']},rejected,E1,too late,,")
    assert paid.answer(batch, late).json()["exceptions"] == 1
    assert paid.answer(batch, late).json()["repeated"] == 1
    assert {line["status"] for line in paid.lines(batch)} == {"paid"}
    assert sum(line["disputed"] for line in paid.lines(batch)) == 1


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("", "row 1"),
        ("batch_no,line_id\r\n1,2\r\n", "row 1: lacks the columns status"),
        ("batch_no,line_id,status,salary\r\n", "row 1"),
        (rows("1,{line},paid,,,,"), "row 2 status: has to be one of accepted"),
        (rows("7,{line},accepted,,,,"), "row 2 batch_no: has to be 1"),
        (rows("1,{line},accepted,,,600,"), ""),
        (rows("1,{line},accepted,,,6e2,"), "row 2 paid_amount: has to be dollars"),
        (rows("1,{line},accepted,,,600.00,15.11.2024"), "row 2 pay_date: has to be a date"),
        (rows("1,{line},accepted,,,600.00,2024-02-30"), "row 2 pay_date"),
        (rows("1,L1,accepted,,,,"), "row 2 line_id"),
        (rows("1,{line},rejected,not a code!,,,"), "row 2 code"),
        (rows("1,{line},accepted,,,,", "1,{line}"), "row 3: has 2 fields"),
        (HEADER + '\r\n1,"{line}', "row 2: is not well-formed CSV"),
        ('batch_no,"line_id', "row 1: is not well-formed CSV"),
        (b"\xff\xfe", "row 1: is not UTF-8"),
        ("[1]", "row 1: has to be an object"),
        ("{}", "has to be a JSON array"),
        ("[{", "row 1: is not well-formed JSON"),
    ],
)
def test_a_bad_file_is_refused_whole_and_says_where(
    content: str | bytes, where: str, paid: Payday
) -> None:
    batch, _, lines = batch_to_answer(paid)
    if isinstance(content, str):
        content = content.replace("{line}", lines[0]["line_id"])
    before = paid.world.edge.ledger.recorder.last_position()
    answer = paid.answer(batch, content)
    if not where:
        assert answer.status_code == 200
        return
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/import-refused"
    assert where in answer.text
    assert paid.world.edge.ledger.recorder.last_position() == before


def test_nothing_is_answered_before_it_is_exported(world: World) -> None:
    day = payday(world)
    batch = day.close("2027-01-15")
    answer = day.answer(batch, rows())
    assert answer.json()["type"] == "/problems/batch-state"


@pytest.mark.parametrize("times", [24, pytest.param(1_000, marks=pytest.mark.long)])
def test_answers_sent_at_once_have_one_effect(times: int, world: World) -> None:
    world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    day.award(hire(day, "1"), credential, issuer)
    batch = day.close("2024-10-15")
    day.export(batch)
    [line] = day.lines(batch)
    sent = rows(f"1,{line['line_id']},accepted,,,300.00,2024-10-15")
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: day.answer(batch, sent), range(times)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert sum(answer.json().get("accepted", 0) for answer in answers) == 1
    topics = [event.TOPIC for event in world.edge.ledger.events.get(UUID(batch))]
    assert topics.count("batch.return-recorded.v1") == 1
    folder = world.edge.settings.evidence_files
    assert len(list(folder.glob("payroll-*"))) == 3, "the frozen lines, the export, one return file"


def test_a_long_file_that_broke_off_is_taken_up_and_nothing_counts_twice(world: World) -> None:
    day = payday(world)
    batch = UUID(day.close("2027-01-15"))
    day.export(str(batch))
    answers = [Answer(line_id=uuid4(), status="accepted") for _ in range(ANSWERS_PER_COMMAND + 9)]
    call = Call(day.machine, uuid4(), bytes(32), datetime(2027, 1, 16, tzinfo=UTC))

    def sent(part: Sequence[Answer], again: Call = call) -> Returned:
        return record_return(world.edge, again, batch_id=batch, content=b"file", answers=part)

    assert sent(answers[:ANSWERS_PER_COMMAND]).quarantined == ANSWERS_PER_COMMAND  # and then died
    whole = sent(answers)
    assert (whole.quarantined, whole.repeated) == (len(answers), 0)
    last = world.edge.ledger.recorder.last_position()
    assert sent(answers) == whole
    by_another = sent(answers, replace(call, command_id=uuid4()))
    assert by_another == Returned(repeated=len(answers))
    assert world.edge.ledger.recorder.last_position() == last
    kept = world.edge.ledger.get(AnsweredBatch, batch)
    assert kept.quarantined == {answer.line_id for answer in answers}
    assert kept.returns == 2, "one return for each command that its events fit into"
