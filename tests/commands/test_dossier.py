"""Commands on what rules ask for: facts on file, a district's calendar, rules adopted together."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ledger.aggregates.calendar import Calendar, FiscalYearUnknownError
from ledger.aggregates.dossier import Dossier, FactUnknownError
from ledger.aggregates.organization import NotADistrictError
from ledger.aggregates.policy import BoardReferenceMissingError, Policy
from ledger.commands import organization
from ledger.commands.calendar import NoPoolToCloseError, record_calendar_fact
from ledger.commands.dossier import (
    dossier_stream,
    record_dossier_fact,
    withdraw_dossier_fact,
)
from ledger.commands.policy import NewRule, load_rules
from ledger.errors import NotFoundError
from ledger.events.calendar import (
    CompetencyClassSet,
    FiscalYearSet,
    PayCalendarSet,
    PayPeriodDays,
    PoolDrawn,
    calendar_stream,
)
from ledger.events.dossier import PlanGoalTagged, PriorApprovalGiven, StatusRecorded
from ledger.values import stream_id
from tests.commands.scene import Scene
from tests.rules.dossiers import plain_rule
from tests.samples import EARNER, MONDAY, OPERATOR, STRANGER, ZONE, named

TODAY = date(2024, 11, 18)
GOAL = PlanGoalTagged(subject_id=named("subject"), goal="literacy", tagged_on=TODAY)


@pytest.fixture
def district_id(scene: Scene) -> UUID:
    return scene.run(organization.register_district, OPERATOR, name="Grand Bend", zone=ZONE).stream


def on_file(scene: Scene, district_id: UUID) -> Dossier:
    return scene.ledger.get(Dossier, dossier_stream(district_id, EARNER))


def test_facts_are_put_on_file_and_withdrawn(scene: Scene, district_id: UUID) -> None:
    who = {"district_id": district_id, "person_id": EARNER}
    masters = StatusRecorded(status="masters", first_day=TODAY)
    for one in (GOAL, masters):
        scene.run(record_dossier_fact, OPERATOR, **who, fact=one)
    assert on_file(scene, district_id).facts == {1: GOAL, 2: masters}
    scene.run(withdraw_dossier_fact, OPERATOR, **who, withdrawn_version=1)
    assert on_file(scene, district_id).facts == {2: masters}


def test_nothing_is_withdrawn_where_nothing_is_on_file(scene: Scene, district_id: UUID) -> None:
    with pytest.raises(FactUnknownError):
        scene.run(
            withdraw_dossier_fact,
            OPERATOR,
            district_id=district_id,
            person_id=EARNER,
            withdrawn_version=1,
        )


def test_the_ledger_finds_out_itself_whether_she_had_begun(scene: Scene, district_id: UUID) -> None:
    """Whatever was sent: before she enrolls she had not begun, afterward she had."""
    for begun, on in ((False, date(2024, 11, 17)), (True, TODAY)):
        said = PriorApprovalGiven(
            subject_id=scene.credential_id, of="credential", approved_on=on, begun=not begun
        )
        scene.run(
            record_dossier_fact, OPERATOR, district_id=district_id, person_id=EARNER, fact=said
        )
        newest = max(on_file(scene, district_id).facts.items())[1]
        assert isinstance(newest, PriorApprovalGiven)
        assert newest.begun is begun
        if not begun:
            scene.enrolls()


def test_a_fact_is_about_a_person_a_credential_and_a_district_that_are_there(
    scene: Scene, district_id: UUID
) -> None:
    unknown = PriorApprovalGiven(subject_id=named("none"), of="credential", approved_on=TODAY)
    for person, fact in ((named("nobody"), GOAL), (STRANGER, unknown)):
        with pytest.raises(NotFoundError):
            scene.run(
                record_dossier_fact, OPERATOR, district_id=district_id, person_id=person, fact=fact
            )


def test_a_calendar_is_set_year_by_year(scene: Scene, district_id: UUID) -> None:
    year = FiscalYearSet(fiscal_year=2025, first_day=date(2024, 7, 1), last_day=date(2025, 6, 30))
    period = PayPeriodDays(
        first_day=date(2024, 7, 1), last_day=date(2024, 7, 14), pay_date=date(2024, 7, 19)
    )
    pays = PayCalendarSet(fiscal_year=2025, pay_periods=(period,))
    with pytest.raises(FiscalYearUnknownError):
        scene.run(record_calendar_fact, OPERATOR, district_id=district_id, fact=pays)
    for fact in (year, pays):
        scene.run(record_calendar_fact, OPERATOR, district_id=district_id, fact=fact)
    calendar = scene.ledger.get(Calendar, calendar_stream(district_id))
    assert (calendar.version, calendar.years) == (2, {2025: year})
    school = scene.run(
        organization.register_school, OPERATOR, district_id=district_id, name="North"
    ).stream
    with pytest.raises(NotADistrictError):
        scene.run(record_calendar_fact, OPERATOR, district_id=school, fact=year)


def test_only_a_pool_of_the_district_that_is_given_out_when_it_closes_is_drawn(
    scene: Scene, district_id: UUID
) -> None:
    other = scene.run(organization.register_district, OPERATOR, name="Elsewhere", zone=ZONE).stream
    year = FiscalYearSet(fiscal_year=2025, first_day=date(2024, 7, 1), last_day=date(2025, 6, 30))
    for one in (district_id, other):
        scene.run(record_calendar_fact, OPERATOR, district_id=one, fact=year)
    pools = {"lots": {"budget_cents": 1, "order": "lottery"}, "queue": {"budget_cents": 1}}
    rules = [NewRule(key, "Minute 7", TODAY, plain_rule(pool=pool)) for key, pool in pools.items()]
    load_rules(scene.ledger, OPERATOR, MONDAY, district_id=district_id, rules=rules)
    lots, queue = (stream_id("policy", district_id, key) for key in pools)

    def draw(policy_id: UUID, by: UUID = district_id) -> None:
        drawn = PoolDrawn(policy_id=policy_id, fiscal_year=2025, seed="7 March")
        scene.run(record_calendar_fact, OPERATOR, district_id=by, fact=drawn)

    for refused, policy_id, by in (
        (NoPoolToCloseError, queue, district_id),
        (NotFoundError, lots, other),
        (NotFoundError, named("no policy"), district_id),
    ):
        with pytest.raises(refused):
            draw(policy_id, by)
    draw(lots)
    assert scene.ledger.get(Calendar, calendar_stream(district_id)).drawn == {(lots, 2025)}


def test_a_class_of_equal_credentials_names_those_that_are_there(
    scene: Scene, district_id: UUID
) -> None:
    def name(*credential_ids: UUID) -> None:
        equal = CompetencyClassSet(name="wait_time", credential_ids=credential_ids)
        scene.run(record_calendar_fact, OPERATOR, district_id=district_id, fact=equal)

    with pytest.raises(NotFoundError):
        name(scene.credential_id, named("no credential"))
    name(scene.credential_id)
    calendar = scene.ledger.get(Calendar, calendar_stream(district_id))
    assert list(calendar.newest) == [("competency_class_set", "wait_time")]


def test_rules_are_adopted_together_or_not_at_all(scene: Scene, district_id: UUID) -> None:
    def load(*rules: NewRule) -> int:
        return load_rules(scene.ledger, OPERATOR, MONDAY, district_id=district_id, rules=rules)

    one = NewRule("X1/one", "Minute 7", TODAY, plain_rule())
    stack = {"kind": "stack", "stack_id": str(named("no stack"))}
    with pytest.raises(NotFoundError):
        load(one, NewRule("X1/two", "Minute 7", TODAY, plain_rule(trigger=stack)))
    with pytest.raises(BoardReferenceMissingError):
        load(one, NewRule("X1/two", " ", TODAY, plain_rule()))
    stream = stream_id("policy", district_id, "X1/one")
    assert scene.ledger.find(Policy, stream) is None
    assert (load(one), load(one)) == (1, 0)
    later = one._replace(rule=plain_rule(benefit="reviewer_fee"))
    assert (load(later), load(later._replace(board_reference="Minute 8"))) == (1, 0)
    assert scene.ledger.get(Policy, stream).policy_version == 2
