"""The school year of the demo: who does what, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from api.demo import catalog, district, journeys, licenses
from api.demo.journeys import Cast
from api.demo.stage import Answer, Stage

GRAND_BEND = Path(__file__).parent / "data" / "grand-bend-oneroster-1.2.zip"
GRAND_BEND_ZONE = "America/Chicago"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """A district of the story, its teachers and who acts for it."""

    district_id: UUID
    name: str
    office: UUID
    payroll: UUID
    people: tuple[Answer, ...]  # by source number, as its office sees them

    def teacher(self, number: int) -> UUID:
        """The teacher at a place in the list."""
        return UUID(self.people[number]["person_id"])


@dataclass(frozen=True)
class Year:
    """What the year has left behind, for those who print it."""

    cast: Cast
    grand_bend: Place
    maple_fork: Place
    heroine: UUID  # whose transcript is printed
    stacks: dict[str, str]
    license_id: str  # hers as well


def play(stage: Stage, operator: UUID, folder: Path, say: Say) -> Year:
    """Play the year. `folder` takes the generated rosters; `say` tells what is going on."""
    say("importing Grand Bend, and a second district that is generated")
    first = bring_in(stage, operator, GRAND_BEND, GRAND_BEND_ZONE)
    generated = district.write_generated_district(folder / "maple-fork.zip")
    second = bring_in(stage, operator, generated, district.ZONE)
    say("registering an issuer and publishing twelve micro-credentials in three stacks")
    cast = Cast(operator, uuid4(), uuid4(), tuple(first.teacher(n) for n in range(20, 25)))
    issuer = register_issuer(stage, cast)
    for sample in catalog.CREDENTIALS:
        cast.credentials[sample.key] = publish(stage, cast, issuer, sample)
    stacks = {stack["key"]: define_stack(stage, cast, issuer, stack) for stack in catalog.STACKS}
    say("adopting a base-pay policy in Grand Bend and a stipend with a budget in Maple Fork")
    adopt_base_pay(stage, first)
    adopt_stipend(stage, second, stacks["deeper"])
    licenses.bring_rules(stage, operator)
    say("fall: first awards, a return, a second try, a split review, an appeal")
    heroine = play_fall(stage, cast, first, second)
    license_id = licenses.put_on_file(stage, first.office, first.district_id, heroine)
    say("winter: a teacher moves from Grand Bend to Maple Fork in the middle of the year")
    transfer(stage, operator, folder, first=first, second=second, person=heroine)
    say("spring: stipends up to the budget, and a revocation that frees the next in line")
    exchanged = play_spring(stage, cast, first, second, heroine)
    say("summer: her license is renewed, by what she earned in both districts and elsewhere")
    licenses.earn_elsewhere(stage, second.office, second.district_id, heroine, exchanged)
    licenses.renew(stage, second.office, second.district_id, license_id)
    return Year(cast, first, second, heroine, stacks, license_id)


def bring_in(stage: Stage, operator: UUID, roster: Path, zone: str) -> Place:
    """Import a roster, and let somebody act for the district and for its payroll."""
    report = stage.send_file(operator, "/v1/imports/oneroster", roster, zone=zone)
    district_id, office, payroll = UUID(report["district_id"]), uuid4(), uuid4()
    grant(stage, operator, office, "district", district_id)
    grant(stage, operator, payroll, "payroll", district_id)
    place = Place(district_id, report["district_name"], office, payroll, ())
    return replace(place, people=people_of(stage, place))


def people_of(stage: Stage, place: Place) -> tuple[Answer, ...]:
    """Everybody the district employs as a teacher, by name."""
    found: list[Answer] = []
    cursor: dict[str, Any] = {}
    while True:
        page = stage.get(place.office, f"/v1/districts/{place.district_id}/people", **cursor)
        found += page["items"]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    teachers = [person for person in found if "teacher" in person["roles"]]
    return tuple(sorted(teachers, key=lambda person: str(person["name"])))


def grant(stage: Stage, operator: UUID, principal: UUID, role: str, scope: UUID | str) -> None:
    """Let a principal act in a role."""
    body = {"role": role, "scope_id": str(scope)}
    stage.post(operator, f"/v1/principals/{principal}/grants", body)


def register_issuer(stage: Stage, cast: Cast) -> str:
    """A vetted issuer with two approvers and a calendar."""
    body = {"name": "Sample Issuer of Micro-credentials", "zone": GRAND_BEND_ZONE}
    issuer = str(stage.post(cast.operator, "/v1/issuers", body)["id"])
    vetting = {
        "standard": "Sample vetting rubric",
        "components_met": 29,
        "components_total": 29,
        "valid_until": "2030-06-30",
    }
    stage.post(cast.operator, f"/v1/issuers/{issuer}/vettings", vetting)
    for approver in (cast.approver, cast.second_approver):
        grant(stage, cast.operator, approver, "issuer_approver", issuer)
    holidays = ["2025-09-01", "2025-11-27", "2025-11-28", "2025-12-25"]
    path = f"/v1/issuers/{issuer}/holidays"
    stage.post(cast.approver, path, {"year": 2025, "holidays": holidays})
    return issuer


def publish(stage: Stage, cast: Cast, issuer: str, sample: catalog.Sample) -> Answer:
    """Draft and publish a micro-credential and appoint its founding assessors."""
    body = {"issuer_id": issuer, "definition": catalog.definition(sample)}
    credential = str(stage.post(cast.approver, "/v1/credentials", body)["id"])
    stage.post(cast.approver, f"/v1/credentials/{credential}/versions")
    for assessor in cast.assessors:
        appointment = {"person_id": str(assessor), "reason": "founding-assessor"}
        path = f"/v1/credentials/{credential}/assessor-appointments"
        stage.post(cast.approver, path, appointment)
    return {"id": credential, "kinds": sample.evidence, "title": sample.title}


def define_stack(stage: Stage, cast: Cast, issuer: str, stack: dict[str, Any]) -> str:
    """Define a stack of published micro-credentials."""

    def ids(keys: tuple[str, ...]) -> list[str]:
        return [str(cast.credentials[key]["id"]) for key in keys]

    groups = []
    if stack["choose"]:
        needed, keys = stack["choose"]
        groups.append({"title": "Choose", "needed": needed, "credential_ids": ids(keys)})
    requirement = {
        "title": "Required",
        "needed": len(stack["all"]) + len(groups),
        "credential_ids": ids(stack["all"]),
        "groups": groups,
    }
    capstone = stack["capstone"]
    body = {
        "issuer_id": issuer,
        "title": stack["title"],
        "summary": "A sample stack.",
        "requirement": requirement,
        "capstone_credential_id": cast.credentials[capstone]["id"] if capstone else None,
    }
    return str(stage.post(cast.approver, "/v1/stacks", body)["id"])


def adopt_base_pay(stage: Stage, place: Place) -> None:
    """A raise of base pay by tier, after Kettle Moraine; the tiers are an assumption."""
    tiers = [{"tier": t, "amount_cents": cents} for t, cents in catalog.TIERS_CENTS.items()]
    terms = {
        "title": "Base pay by tier (assumed tiers)",
        "zone": GRAND_BEND_ZONE,
        "effective_from": "2025-07-01",
        "trigger": {"kind": "award"},
        "benefit": "base_pay",
        "amount": {"kind": "tiered", "tiers": tiers},
        "roles": ["teacher"],
    }
    _adopt(stage, place, "Sample minute 2025-06-17, item 7", terms)


def adopt_stipend(stage: Stage, place: Place, stack: str) -> None:
    """A one-time stipend within a yearly budget, and a bonus for a completed stack."""
    terms = {
        "title": "Stipend (assumed amount)",
        "zone": district.ZONE,
        "effective_from": "2025-07-01",
        "trigger": {"kind": "award"},
        "benefit": "one_time",
        "amount": {"kind": "flat", "amount_cents": catalog.STIPEND_CENTS},
        "exempt_only": True,
        "waiting_days": 30,
        "person_cap_cents_per_year": 2 * catalog.STIPEND_CENTS,
        "budget_cents_per_year": catalog.STIPEND_BUDGET_CENTS,
    }
    _adopt(stage, place, "Sample minute 2025-06-24, item 3", terms)
    bonus = {
        **{key: terms[key] for key in ("zone", "effective_from", "benefit")},
        "title": "Stack bonus (assumed amount)",
        "trigger": {"kind": "stack", "stack_id": stack},
        "amount": {"kind": "flat", "amount_cents": 50_000},
    }
    _adopt(stage, place, "Sample minute 2025-06-24, item 4", bonus)


def _adopt(stage: Stage, place: Place, reference: str, terms: dict[str, Any]) -> None:
    body = {"board_reference": reference, "adopted_on": "2025-06-24", "terms": terms}
    stage.post(place.office, f"/v1/districts/{place.district_id}/policies", body)


def play_fall(stage: Stage, cast: Cast, first: Place, second: Place) -> UUID:
    """One teacher of Grand Bend takes every turn a review can take; others earn beside her."""
    heroine = first.teacher(0)
    journeys.first_time(stage, cast, heroine, "wait-time", date(2025, 8, 25))
    journeys.second_time(stage, cast, heroine, "checking", date(2025, 9, 10))
    journeys.split(stage, cast, heroine, "feedback", date(2025, 10, 6))
    journeys.returned(stage, cast, heroine, "self-assessment", date(2025, 10, 27))
    journeys.first_time(stage, cast, first.teacher(1), "makerspace", date(2025, 11, 10))
    journeys.appealed(stage, cast, first.teacher(2), "motivation", date(2025, 11, 17))
    journeys.enroll(stage, cast, second.teacher(2), "global", date(2025, 12, 8))
    return heroine


def transfer(
    stage: Stage, operator: UUID, folder: Path, *, first: Place, second: Place, person: UUID
) -> None:
    """Her position in Grand Bend ends, another begins in Maple Fork; the record stays hers.

    Maple Fork gives her a number of its own; its office says that this number is the same person.
    """
    stage.on(date(2026, 1, 12))
    left = stage.get(first.office, f"/v1/people/{person}/employments")["items"][0]
    stage.post(
        first.office,
        f"/v1/employments/{left['employment_id']}/endings",
        {"last_day": "2026-01-09"},
    )
    link = {"source": "oneroster", "district_id": str(second.district_id), "source_id": "mf-9001"}
    stage.post(operator, f"/v1/people/{person}/identities", link)
    name = next(p for p in first.people if p["person_id"] == str(person))["name"]
    roster = district.write_new_hire(folder / "new-hire.zip", "mf-9001", str(name), "2026-01-12")
    place = {"zone": district.ZONE, "district_id": str(second.district_id)}
    stage.send_file(operator, "/v1/imports/oneroster", roster, **place)


def play_spring(stage: Stage, cast: Cast, first: Place, second: Place, heroine: UUID) -> str:
    """Two stipends use up the budget; a revocation gives its money to the next in line.

    Answers the award of hers that a university gives credit for.
    """
    revoked = journeys.first_time(stage, cast, second.teacher(0), "wait-time", date(2026, 2, 2))
    journeys.first_time(stage, cast, second.teacher(1), "executive", date(2026, 2, 16))
    exchanged = journeys.first_time(stage, cast, heroine, "data-literacy", date(2026, 3, 2))
    journeys.first_time(stage, cast, heroine, "makerspace", date(2026, 3, 23))
    journeys.revoke(stage, cast, revoked, date(2026, 4, 20))
    journeys.first_time(stage, cast, first.teacher(1), "project-design", date(2026, 5, 4))
    journeys.enroll(stage, cast, heroine, "executive", date(2026, 6, 1))
    return exchanged
