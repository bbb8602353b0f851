"""What there is to learn from, and a plan, as tests need them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.api.world import Story, World


def resource(name: str, kind: str = "article", **changed: Any) -> dict[str, Any]:
    """Something to learn from, for a quarter of an hour."""
    return {
        "resource": name,
        "title": f"About {name}",
        "url": f"https://learn.example/{name}",
        "kind": kind,
        "minutes": 15,
        **changed,
    }


def planned(world: World, teacher: UUID, title: str) -> dict[str, str]:
    """A plan of hers, with nothing in it."""
    made = world.done(teacher, f"/v1/people/{teacher}/learning-plans", {"title": title})
    return {"plan_id": made["id"]}


def learning(world: World, one: Story, title: str) -> dict[str, str]:
    """A plan with one line, and one resource that she opened."""
    person = f"/v1/people/{one.teacher}"
    plan = planned(world, one.teacher, title)
    path = f"/v1/learning-plans/{plan['plan_id']}/additions"
    world.done(one.teacher, path, {"credential_id": one.credential})
    listed = {"resources": [resource("reading", "module")]}
    path = f"/v1/credentials/{one.credential}/versions/1/resources"
    world.done(one.issuer.approver, path, listed)
    step = {"credential_id": one.credential, "credential_version": 1, "resource": "reading"}
    world.done(one.teacher, f"{person}/opened-resources", step)
    return plan
