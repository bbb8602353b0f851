"""Questions about what has not happened: what an award would bring, what a draft would cost."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_be, must_see_payouts
from api.answers import answer
from api.disclosures import shows
from api.quotes import VIEWS, Quote, quote
from api.reading import AsOfReadNow, ReadNow
from api.routing import Router
from api.simulation import position_known, run
from ledger.events.policy_rule import Rule
from ledger.values import Day, Value
from projections import simulation
from projections.simulation import Simulation

router = Router("quotes")
PERSONS_MAX = 20_000  # judged for one answer, at some thousands a second
CHANGES_MAX = 200  # persons named in an answer; the command line names everybody


class Wish(Value):
    """A micro-credential that she thinks of earning, and the day of the award; today if none."""

    credential_id: UUID
    awarded_on: Day | None = None


class Draft(Value):
    """A rule that nobody has adopted, and the span of past awards to try it on."""

    rule: Rule
    from_day: Day
    to_day: Day
    policy_id: UUID | None = None  # the policy whose next version it would be


class Simulated(BaseModel):
    """What a draft would have come to; of those who would get more or less, the largest changes."""

    simulation: Simulation
    changes_left_out: int


@router.ask("/people/{person_id}/quote", Quote)
def quote_award(person_id: UUID, body: Wish, read: ReadNow) -> Response:
    """What a micro-credential would bring her: pay and when, units, what lacks. Not binding.

    It is worked out as if the award were the next thing to happen, and nothing of it is kept.
    """
    must_be(read.caller, person_id)
    position = read.visible(*VIEWS)
    found = quote(
        read.edge,
        person_id,
        body.credential_id,
        body.awarded_on,
        at=read.at,
        position=position,
    )
    return answer(found, position=position)


@router.ask("/districts/{district_id}/policy-simulations", Simulated)
def simulate_policy(district_id: UUID, body: Draft, read: AsOfReadNow) -> Response:
    """What a draft would have cost by month, who would gain and who lose. Nothing is kept."""
    must_see_payouts(read.caller, district_id)
    as_of = position_known(read.edge, district_id, read.query.as_of)
    position = read.visible(*simulation.VIEWS)
    found = run(
        read.edge,
        district_id,
        body.rule,
        (body.from_day, body.to_day),
        policy_id=body.policy_id,
        must_exist=True,
        as_of=as_of,
        persons_max=PERSONS_MAX,
    )
    named = found.changes[:CHANGES_MAX]
    shows(read, "payouts", [one.person_id for one in named], within=[district_id])
    left_out = len(found.changes) - len(named)
    return answer(
        {"simulation": replace(found, changes=named), "changes_left_out": left_out},
        position=min(as_of, position),
    )
