"""The license of the demo's teacher: on file in one district, renewed from another."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from api.demo.stage import Answer, Stage
from ledger.commands.equivalency import shipped

STATE = "us-tn"


def bring_rules(stage: Stage, operator: UUID) -> None:
    """Adopt what the state counts, as it is shipped."""
    for version in shipped([STATE]):
        body = {
            "authority_reference": "Shipped sample rules",
            "adopted_on": "2025-07-01",
            "terms": version.terms.model_dump(mode="json", exclude_unset=True),
        }
        stage.post(operator, "/v1/equivalencies", body)


def put_on_file(stage: Stage, office: UUID, district_id: UUID, person: UUID) -> str:
    """A license of five years that runs out with the school year."""
    body = {
        "person_id": str(person),
        "jurisdiction": STATE,
        "license_type": "professional",
        "role": "teacher",
        "traits": ["public-school"],
        "issued_on": "2021-07-01",
        "valid_to": "2026-06-30",
        "number": "SAMPLE-0042",
    }
    return str(stage.post(office, f"/v1/districts/{district_id}/licenses", body)["id"])


def earn_elsewhere(
    stage: Stage, office: UUID, district_id: UUID, person: UUID, exchanged: str
) -> None:
    """A workshop, a course, and the credit that a university gave for an award."""
    path = f"/v1/districts/{district_id}/credits"
    earned: tuple[Answer, ...] = (
        {"kind": "ceu", "quantity_hundredths": 100, "earned_on": "2026-03-06"},
        {"kind": "semester_hour", "quantity_hundredths": 150, "earned_on": "2026-05-15"},
        {
            "kind": "semester_hour",
            "quantity_hundredths": 100,
            "earned_on": "2026-05-20",
            "course": "edu-501",
            "exchanged_enrollment_id": exchanged,
        },
    )
    for one in earned:
        stage.post(office, path, {"person_id": str(person), **one})


def renew(stage: Stage, office: UUID, district_id: UUID, license_id: str) -> None:
    """The new district takes the documents over, and the state renews for five years."""
    stage.on(date(2026, 6, 15))
    path = f"/v1/districts/{district_id}/licenses/{license_id}/renewals"
    body = {"issued_on": "2026-06-15", "valid_from": "2026-07-01", "valid_to": "2031-06-30"}
    stage.post(office, path, body)
