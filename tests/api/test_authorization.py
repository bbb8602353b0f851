"""The matrix: every operation × every role × one's own things, another tenant's, and no things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml

from api import issuing
from api.clock import wall
from api.demo.district import write_generated_district
from api.record_signing import keys_of, signer_of
from tests.api.conftest import running
from tests.api.elsewhere import received
from tests.api.learning import learning
from tests.api.payroll import batch_of
from tests.api.sharing import agreed, shared_and_disputed
from tests.api.world import (
    Answer,
    World,
    credit_of,
    license_of,
    rules,
    stack_of,
    stipend,
    story,
)
from tests.database import Server

TABLE: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("authorization.yaml").read_text()
)
EVERYWHERE = {"operator", "auditor"}  # roles without a scope
UNKNOWN_VERSION = '"999999999"'


@dataclass
class Tenant:
    """A district, an issuer, and everything there is once: ids by the name they have in paths."""

    ids: dict[str, str]
    roles: dict[str, UUID]


def furnish(world: World, token: str) -> Tenant:
    """A tenant in which every kind of thing exists. `token` is in every text that it holds."""
    one = story(world, world.district(f"District {token}"), token=token).award()
    held = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"][0]
    district, issuer = held["district_id"], one.issuer.id
    roles = {
        "teacher": one.teacher,
        "assessor": one.assessors[0],
        "approver": one.issuer.approver,
        "district": world.grant("district", district),
        "payroll": world.grant("payroll", district),
        "district_auditor": world.grant("auditor", district),
        "machine": world.grant("payroll_system", district),
    }
    office = roles["district"]
    body = stipend(title=f"Stipend {token}")
    policy = world.done(office, f"/v1/districts/{district}/policies", body)["id"]
    made = world.done(roles["approver"], "/v1/stacks", stack_of(issuer, one.credential))
    path = f"/v1/districts/{district}"
    license_ = world.done(office, f"{path}/licenses", license_of(one.teacher, number=token))["id"]
    credit = world.done(office, f"{path}/credits", credit_of(one.teacher, documents=token))["id"]
    local = world.done(office, f"{path}/equivalencies", rules(title=token))["id"]
    payouts = world.seen(one.teacher, f"/v1/people/{one.teacher}/payouts")["items"]
    ids = {
        "principal_id": str(one.teacher),
        "person_id": str(one.teacher),
        "assessor_id": str(one.assessors[0]),
        "district_id": district,
        "organization_id": district,
        "employment_id": held["employment_id"],
        "issuer_id": issuer,
        "credential_id": one.credential,
        "credential_version": "1",
        "stack_id": made["id"],
        "enrollment_id": one.enrollment,
        "evidence_id": world.seen(one.teacher, one.path)["evidence"][0]["evidence_id"],
        "policy_id": policy,
        "license_id": license_,
        "credit_id": credit,
        "equivalency_id": local,
        "payout_id": payouts[0]["payout_id"],
        "import_id": import_of(world, district, world.settings.state_folder),
    }
    ids |= record_of(world, one.teacher, issuer)
    ids |= received(world, one.teacher, district, office)
    ids |= shared_and_disputed(world, one.teacher, ids)
    ids |= agreed(world, office, one.teacher, ids)
    ids |= learning(world, one, token)
    ids |= batch_of(world, district, roles["payroll"], one.teacher)
    ids |= badge_asked_for(world, one.teacher, ids)
    ids |= challenge_of(world, office, one.teacher, ids)
    ids |= held_and_asked_for(world, office, roles["approver"], ids)
    return Tenant(ids, roles)


def record_of(world: World, teacher: UUID, issuer: str) -> dict[str, str]:
    """Her portable record, and the keys and the list by which anybody can check it."""
    world.edge.visible(issuing.VIEWS, world.position)
    issuing.issue_due(world.edge, wall)
    signer_of(world.edge, None, wall())  # the ledger's own keys, for transcripts
    [made] = world.seen(teacher, f"/v1/people/{teacher}/records")["items"]
    keys = keys_of(world.edge, UUID(issuer))
    assert keys is not None, "the issuer signs"
    return {
        "record_id": made["record_id"],
        "key": keys.keys[0].key,
        "list_number": "1",
        "version": "1",
    }


def challenge_of(world: World, office: UUID, teacher: UUID, ids: dict[str, str]) -> dict[str, str]:
    """A challenge of the district, and a team of hers."""
    body = filled(TABLE["POST /v1/districts/{district_id}/challenges"]["body"], ids)
    made = world.done(office, f"/v1/districts/{ids['district_id']}/challenges", body)
    world.done(teacher, f"/v1/challenges/{made['id']}/teams")
    return {"challenge_id": made["id"]}


def badge_asked_for(world: World, teacher: UUID, ids: dict[str, str]) -> dict[str, str]:
    """A school, to which the badge of her award is to be sent."""
    path = f"/v1/districts/{ids['district_id']}/schools"
    school = {"school_id": world.done(world.operator, path, {"name": "School"})["id"]}
    world.done(teacher, f"/v1/enrollments/{ids['enrollment_id']}/physical-badge-requests", school)
    return school


def held_and_asked_for(
    world: World, office: UUID, approver: UUID, ids: dict[str, str]
) -> dict[str, str]:
    """Holds on the teacher and on a file, and requests to erase them, which wait for that."""
    person = f"/v1/people/{ids['person_id']}"
    file = f"/v1/enrollments/{ids['enrollment_id']}/evidence/{ids['evidence_id']}"
    reason = {"reason": "litigation"}
    held = world.done(office, f"{person}/holds", reason)["hold_id"]
    file_held = world.done(approver, f"{file}/holds", reason)["hold_id"]
    asked = {"reason": "subject-request"}
    world.done(world.operator, f"{person}/erasures", asked)
    world.done(world.operator, f"{file}/redactions", asked)
    return {"hold_id": held, "evidence_hold_id": file_held}


def import_of(world: World, district: str, folder: Path) -> str:
    """A small roster of the district's."""
    roster = write_generated_district(folder / f"{district}.zip", teachers=3)
    with roster.open("rb") as file:
        answer = world.ask(
            world.operator,
            "POST",
            "/v1/imports/oneroster",
            files={"file": ("roster.zip", file)},
            data={"zone": "America/Chicago", "district_id": district},
        )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["import_id"])


@dataclass
class Place:
    """Two tenants of one ledger."""

    world: World
    here: Tenant
    there: Tenant

    @property
    def roles(self) -> dict[str, UUID]:
        return {
            **self.here.roles,
            "operator": self.world.operator,
            "auditor": self.auditor,
            "stranger": self.stranger,
            **{
                f"other_{name}": self.there.roles[name]
                for name in ("teacher", "assessor", "approver", "district", "payroll")
            },
        }

    def __post_init__(self) -> None:
        self.stranger = uuid4()
        self.auditor = self.world.grant("auditor")


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        database_server.database(database_server.template) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield Place(world, furnish(world, "here-7f3a"), furnish(world, "there-9c1e"))


def filled(value: Any, ids: dict[str, str]) -> Any:
    """A body with the ids of a tenant in it."""
    if value == "{stipend}":
        return stipend()
    if value == "{rules}":
        return rules()
    if isinstance(value, str) and value.startswith("{"):
        return ids[value.strip("{}")]
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    return [filled(part, ids) for part in value] if isinstance(value, list) else value


def ask(world: World, who: UUID | None, operation: str, ids: dict[str, str]) -> Answer:
    method, path = operation.split(" ", 1)
    entry = TABLE[operation]
    sent: dict[str, Any] = {}
    if "body" in entry:
        sent["json"] = filled(entry["body"], ids)
    if "query" in entry:
        sent["params"] = filled(entry["query"], ids)
    if "form" in entry:
        sent["data"] = filled(entry["form"], ids)
        sent["files"] = {"file": ("x", b"plain words")}
    headers = {"If-Match": UNKNOWN_VERSION} if method == "POST" else {}
    return world.ask(who, method, path.format(**ids), headers=headers, **sent)


def may(entry: dict[str, Any], role: str) -> bool:
    return entry["allowed"] == "all" or role in entry["allowed"]


def got_in(answer: Answer) -> bool:
    """Past the door: an answer, or a refusal of what was asked rather than of who asked."""
    if answer.request.method == "GET" or answer.request.url.path == "/verify":
        return bool(answer.status_code == 200)
    return answer.status_code in {409, 412, 415, 422}


def test_the_table_has_every_operation_and_no_other(place: Place) -> None:
    document = place.world.client.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert operations == set(TABLE)


@pytest.mark.parametrize("operation", TABLE)
def test_nobody_gets_in_without_a_token(operation: str, place: Place) -> None:
    expected = TABLE[operation].get("anon", 401)
    assert ask(place.world, None, operation, place.here.ids).status_code == expected


@pytest.mark.parametrize("operation", TABLE)
def test_to_ones_own_things_the_table_says_who_gets_in(operation: str, place: Place) -> None:
    entry = TABLE[operation]
    for role, who in place.roles.items():
        answer = ask(place.world, who, operation, place.here.ids)
        expected = may(entry, role)
        assert got_in(answer) == expected, f"{role}: {answer.status_code} {answer.text[:300]}"
        if not expected:
            assert answer.status_code == entry["refused"], role


@pytest.mark.parametrize("operation", TABLE)
def test_to_the_things_of_another_tenant_only_unscoped_roles_get_in(
    operation: str, place: Place
) -> None:
    entry = TABLE[operation]
    ids = {**place.there.ids, "principal_id": place.there.ids["person_id"]}
    everybody = entry["allowed"] == "all"
    keep = set(place.roles) if everybody else set(entry.get("elsewhere", EVERYWHERE))
    for role in (*place.here.roles, "operator", "auditor", "stranger"):
        answer = ask(place.world, place.roles[role], operation, ids)
        expected = may(entry, role) and (role in keep or not needs_scope(operation))
        assert got_in(answer) == expected, f"{role}: {answer.status_code} {answer.text[:300]}"
        if not expected:
            assert answer.status_code == entry["refused"], role


def needs_scope(operation: str) -> bool:
    """Whether the operation is about somebody's things at all."""
    body = str(TABLE[operation].get("body", "")) + str(TABLE[operation].get("form", ""))
    return "{" in operation or "_id}" in body


@pytest.mark.parametrize(
    "operation", [one for one, entry in TABLE.items() if entry.get("refused") == 404]
)
def test_not_yours_looks_exactly_like_not_there(operation: str, place: Place) -> None:
    nothing = {
        name: "1" if name == "credential_version" else str(uuid4()) for name in place.here.ids
    }
    entry = TABLE[operation]
    for role, who in place.roles.items():
        if may(entry, role):
            continue
        not_yours = ask(place.world, who, operation, place.here.ids)
        not_there = ask(place.world, who, operation, nothing)
        assert not_yours.status_code == not_there.status_code == 404, role
        assert not_yours.content == not_there.content


def test_one_tenants_crawl_finds_no_word_of_the_other(place: Place) -> None:
    """Every read, by every role of one tenant, with its own ids and with the other's."""
    public = {one for one, entry in TABLE.items() if entry["allowed"] == "all"}
    for operation in TABLE:
        if not operation.startswith("GET") or operation in public:
            continue
        for role, who in place.here.roles.items():
            for ids in (place.here.ids, place.there.ids):
                answer = ask(place.world, who, operation, ids)
                assert "there-9c1e" not in answer.text, f"{operation} as {role}"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_an_end_of_the_calendar_is_answered_or_refused_by_name(
    place: Place, day: str
) -> None:
    """Every read that takes a day, by somebody who may read it: arithmetic has no day beyond."""
    paths = place.world.client.get("/openapi.json").json()["paths"]
    asked, failed = 0, []
    for operation, entry in TABLE.items():
        method, path = operation.split(" ")
        if method != "GET":
            continue
        who = next((one for role, one in place.roles.items() if may(entry, role)), None)
        for parameter in paths[path]["get"].get("parameters", []):
            if parameter["in"] != "query" or not takes_a_day(parameter):
                continue
            filled_in = {**entry.get("query", {}), parameter["name"]: day}
            address = path.format(**place.here.ids)
            answer = place.world.get(who, address, **filled(filled_in, place.here.ids))
            said = f"{operation} {parameter['name']}={day}: {answer.text[:300]}"
            not_yet = parameter["name"] == "as_of" and answer.status_code == 404  # known by then
            if answer.status_code not in {200, 422} and not not_yet:
                failed.append(said)
            asked += 1
    assert not failed, "\n".join(failed)
    assert asked > 60, "there are reads that take days"


def takes_a_day(parameter: dict[str, Any]) -> bool:
    """Whether a parameter is a day, or may be one beside a position."""
    shapes = [parameter["schema"], *parameter["schema"].get("anyOf", [])]
    patterns = "".join(str(one.get("pattern", "")) for one in shapes)
    return any(one.get("format") == "date" for one in shapes) or "[0-9]{4}-[0-9]{2}" in patterns


def test_a_role_that_is_withdrawn_is_gone_with_the_next_request(place: Place) -> None:
    world, district = place.world, place.here.ids["district_id"]
    who = world.grant("payroll", district)
    assert world.get(who, f"/v1/districts/{district}/payouts").status_code == 200
    body = {"role": "payroll", "scope_id": district}
    world.done(world.operator, f"/v1/principals/{who}/grant-withdrawals", body)
    assert world.get(who, f"/v1/districts/{district}/payouts").status_code == 404
