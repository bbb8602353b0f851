"""What a teacher shares, agrees to and disputes, once of each kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.clock import wall
from ledger.commands.external_record import acceptance_stream
from ledger.values import local_date
from tests.api.world import World

ZONE = "America/Chicago"  # of the districts of the world, and so of the day on which a share ends


def new_share(recipient: dict[str, Any], *parts: str, **changed: Any) -> dict[str, Any]:
    """A share for a month, of the awards alone where no parts are named."""
    return {
        "recipient": recipient,
        "scope": parts or ("awards",),
        "purpose": "employment",
        "expires_on": (local_date(wall(), ZONE) + timedelta(days=30)).isoformat(),
        **changed,
    }


def shared_and_disputed(world: World, teacher: UUID, ids: dict[str, str]) -> dict[str, str]:
    """Shares with her district, her issuer and by link; disputes of an award and an acceptance."""
    path = f"/v1/people/{teacher}"
    recipients: tuple[dict[str, Any], ...] = (
        {"kind": "district", "district_id": ids["district_id"]},
        {"kind": "issuer", "issuer_id": ids["issuer_id"]},
        {"kind": "link"},
    )
    made = [world.done(teacher, f"{path}/shares", new_share(one)) for one in recipients]
    acceptance = acceptance_stream(UUID(ids["district_id"]), UUID(ids["item_id"]))
    subjects = (("acceptance", str(acceptance)), ("award", ids["enrollment_id"]))
    bodies = [
        {"about": about, "subject_id": subject, "statement": "This is wrong."}
        for about, subject in subjects
    ]
    opened = [world.done(teacher, f"{path}/disputes", body)["id"] for body in bodies]
    return {
        "share_id": made[0]["id"],
        "secret": made[2]["link"].rpartition("/")[2],
        "acceptance_id": str(acceptance),
        "dispute_id": opened[1],
    }


def agreed(world: World, office: UUID, teacher: UUID, ids: dict[str, str]) -> dict[str, str]:
    """She may be found by her district, which has it on file that she began before service."""
    body = {"district_id": ids["district_id"], "expires_on": new_share({})["expires_on"]}
    consent = world.done(teacher, f"/v1/people/{teacher}/consents-to-be-found", body)["id"]
    path = f"/v1/districts/{ids['district_id']}/people/{teacher}/pre-service"
    world.done(office, path, {"program": "educators-rising"})
    return {"consent_id": consent}
