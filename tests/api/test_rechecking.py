"""The daily round: issuers are asked again, and the district is told what they took back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson
import psycopg
import pytest

from api import rechecking, webhooks
from api.clock import wall
from tests.api.elsewhere import Issuer
from tests.api.test_external_records import Case, arrived
from tests.api.test_webhooks import Clock, listening
from tests.api.world import World
from tests.records.host import answering
from tests.records.received import text


@pytest.fixture
def elsewhere() -> Iterator[Issuer]:
    with answering() as (host, answers):
        issuer = Issuer(host, answers)
        issuer.publish()
        yield issuer


def accepted(case: Case, issuer: Issuer, *numbers: int) -> None:
    """Awards that the district lets count."""
    for number in numbers:
        record = case.bring(text(issuer.award(number)))["record"]
        case.decide(record["external_record_id"], record["items"][0]["item_id"], "accepted")


def a_round(case: Case, at: datetime) -> int:
    """What whoever follows does at a time, until it has nothing left to ask."""
    asked = 0
    while some := rechecking.recheck_some(case.world.edge, lambda: at):
        asked += some
    case.world.position = case.world.edge.ledger.recorder.last_position()
    return asked


def in_question(case: Case) -> list[str | None]:
    return [one["acceptance"]["review_reason"] for one in case.items()]


def test_what_an_issuer_takes_back_is_found_within_a_day_and_the_district_is_told(
    world: World, elsewhere: Issuer
) -> None:
    case, clock = arrived(world, world.district()), Clock()
    payroll = world.grant("payroll", case.district.id)
    case.trust(elsewhere)
    accepted(case, elsewhere, 1, 2)
    with listening() as ear:
        world.done(payroll, f"/v1/districts/{case.district.id}/webhooks", {"url": ear.url})
        now = wall()
        assert a_round(case, now) == 2
        assert in_question(case) == [None, None]

        elsewhere.publish(2)
        assert a_round(case, now + timedelta(hours=23)) == 0, "once a day, for hosts of others"
        assert a_round(case, now + timedelta(days=1)) == 2
        assert in_question(case) == [None, "revoked-by-issuer"]

        world.edge.visible(webhooks.VIEW, world.position)
        webhooks.fill(world.edge, clock())
        assert webhooks.deliver(world.edge, clock) == 1
    [(_, body)] = ear.heard
    said = orjson.loads(body)
    assert said["type"] == "acceptance.under-review"
    [waiting] = world.seen(
        case.district.office, f"/v1/districts/{case.district.id}/acceptances-under-review"
    )["items"]
    assert said["data"]["acceptance_id"] == waiting["acceptance_id"]
    assert str(case.teacher).encode() not in body


def test_whoever_is_stopped_goes_on_where_it_was(
    world: World, elsewhere: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, now = arrived(world, world.district()), wall()
    case.trust(elsewhere)
    accepted(case, elsewhere, 1, 2, 3)
    monkeypatch.setattr(rechecking, "AT_ONCE", 2)
    asked = len(elsewhere.answers.asked)
    assert rechecking.recheck_some(world.edge, lambda: now) == 2
    assert a_round(case, now) == 1
    assert len(elsewhere.answers.asked) - asked == 3 * 2, "a key and a list for each, once"


def test_a_record_that_cannot_be_asked_about_keeps_no_other_from_it(
    world: World, elsewhere: Issuer
) -> None:
    case = arrived(world, world.district())
    case.trust(elsewhere)
    accepted(case, elsewhere, 1, 2)
    other = arrived(world, case.district)
    accepted(other, elsewhere, 3)
    assert world.settings.database_url is not None
    with psycopg.connect(world.settings.database_url.get_secret_value()) as connection:
        connection.execute(  # as if a disk had gone bad
            "UPDATE ledger.vault_texts SET ciphertext = ciphertext || 'x' WHERE person_id = %s",
            [case.teacher],
        )
    elsewhere.publish(3)
    assert a_round(other, wall()) == 3
    assert in_question(other) == ["revoked-by-issuer"]
