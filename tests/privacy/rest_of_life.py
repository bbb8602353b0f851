"""What else is kept about a teacher: licenses, credits, what she brings along, what she is paid."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fastapi.routing import iter_route_contexts

from api import webhooks
from api.clock import wall
from api.imports.opening import import_opening
from api.imports.opening_rows import COLUMNS, HEADER
from tests.api.elsewhere import Issuer
from tests.api.payroll import TERMS, Payday
from tests.api.test_webhooks import Clock, Ear, tell
from tests.api.world import credit_of, license_of, stack_of
from tests.privacy.life import Life
from tests.records.host import Answers
from tests.records.received import bundle, text

Ids = dict[str, str]
ASKED_WITH = {"/v1/districts/{district_id}/holders": "?credential_id={credential_id}"}
PAY_DATE = wall().date() + timedelta(days=30)
KEPT_UNTIL = {"Ledger-Time": f"{PAY_DATE.year + 6}-02-02T18:00:00Z"}  # what she was paid, at last


def is_on_file(life: Life) -> Ids:
    """A license with a number, a credit with its documents, and what her guardian agreed to."""
    world, t, path = life.world, life.tokens, f"/v1/districts/{life.district_id}"
    license_ = license_of(life.teacher, number=t["license number"])
    credit = credit_of(life.teacher, documents=t["documents of a credit"])
    hers = f"{path}/people/{life.teacher}"
    world.done(life.district.office, f"{hers}/pre-service", {"program": "educators-rising"})
    agreed = {"consent": "sharing", "form": "signed-form", "guardian": t["her guardian"]}
    world.done(life.district.office, f"{hers}/guardian-consents", agreed)
    found_by = {"district_id": life.district_id, "expires_on": PAY_DATE.isoformat()}
    world.done(life.teacher, f"/v1/people/{life.teacher}/consents-to-be-found", found_by)
    return {
        "license_id": world.done(life.district.office, f"{path}/licenses", license_)["id"],
        "credit_id": world.done(life.district.office, f"{path}/credits", credit)["id"],
    }


def brings_a_record(life: Life) -> Ids:
    """Of an issuer elsewhere, in whose words there are words of hers; and it is accepted."""
    world, t, office = life.world, life.tokens, life.district.office
    issuer = Issuer(f"{t['host of an issuer']}.example", Answers)
    trusted = {
        "issuer_id": issuer.id,
        "keys": [issuer.method],
        "effective_on": "2024-07-01",
        "authority_reference": "Minute 12",
    }
    world.done(office, f"/v1/districts/{life.district_id}/trusted-issuers", trusted)
    del t["host of an issuer"]  # whom the district trusts is none of her
    award = {name: part for name, part in issuer.award(1).items() if name != "proof"}
    award["name"] = award["credentialSubject"]["achievement"]["name"] = t["title elsewhere"]
    content = bundle(
        award__json=text(issuer.sign(award)),
        did__json=text(issuer.document),
        list__json=text(issuer.listed()),
    )
    answer = world.ask(
        office,
        "POST",
        f"/v1/people/{life.teacher}/external-records",
        files={"file": (f"{t['file name of a record']}.zip", content)},
        data={"district_id": life.district_id},
    )
    assert answer.status_code == 200, answer.text
    record = answer.json()["record"]
    [item] = record["items"]
    assert item["title"] == t["title elsewhere"]
    body = {"item_id": item["item_id"], "outcome": "accepted", "reason": "same-competency"}
    world.done(office, f"/v1/external-records/{record['external_record_id']}/acceptances", body)
    return {"external_record_id": record["external_record_id"]}


def is_brought_along(life: Life) -> None:
    """In a file of the district's earlier system, which two people vouch for."""
    t, edge = life.tokens, life.world.edge
    row = {
        "record": "units",
        "source": "sis",
        "source_id": t["sis number"],
        "family_name": t["second family name"],
        "unit": "hour",
        "quantity": "12.50",
        "earned_on": "2024-05-01",
    }
    head = ("opening-1", life.district_id, "2024-08-31", "1", "0", "12.50")
    lines = [HEADER, head, COLUMNS, [row.get(column, "") for column in COLUMNS]]
    path = life.folder / f"{t['name of an opening file']}.csv"
    path.write_text("\n".join(",".join(line) for line in lines) + "\n", "utf-8")
    for who in (life.district.office, life.world.grant("district", life.district_id)):
        import_opening(edge.ledger, edge.vault, path, caller_id=who, at=wall())
    path.unlink()


def is_paid(life: Life, hook: str) -> Ids:
    """In a batch whose files say her employee number, fetched and answered; an address is told."""
    world, path = life.world, f"/v1/districts/{life.district_id}"
    payroll = [world.grant("payroll", life.district_id) for _ in range(3)]
    day = Payday(world, life.district, *payroll, world.grant("payroll_system", life.district_id))
    day.terms(**TERMS)
    webhook = world.done(day.office, f"{path}/webhooks", {"url": hook})["id"]
    batch = day.close(PAY_DATE.isoformat())
    content = day.export(batch)
    assert life.tokens["second employee number"].encode() in content
    [line] = day.lines(batch)
    number = world.seen(day.office, f"/v1/batches/{batch}")["number"]
    answered = f"batch_no,line_id,status\n{number},{line['line_id']},accepted\n"
    assert day.answer(batch, answered).status_code == 200
    assert tell(day, Clock()) == 2, "that it was closed, and exported"
    return {
        "batch_id": batch,
        "layout": "canonical-csv",
        "webhook_id": webhook,
        "payout_id": line["entitlement_id"],
        "payroll": str(day.office),
        "machine": str(day.machine),
    }


def is_recommended_something(life: Life, ear: Ear) -> None:
    """Her district is told so twice, and takes the first message only."""
    world, issuer = life.world, life.issuer
    path = f"/v1/districts/{life.district_id}/people/{life.teacher}/recommendation-notices"
    earned, clock = world.seen(life.teacher, life.path)["credential_id"], Clock()
    for status, taken in ((204, 1), (500, 0)):
        ear.status = status
        one = stack_of(issuer.id, earned, issuer.credential())
        world.done(issuer.approver, "/v1/stacks", one)
        world.done(life.district.office, path)
        world.edge.visible(webhooks.VIEW, world.position)
        webhooks.fill(world.edge, clock())
        assert webhooks.deliver(world.edge, clock) == taken
    ear.status = 204


def takes_part(life: Life) -> Ids:
    """With a team in a challenge; and the badge of her award is to be sent to a school."""
    world, path = life.world, f"/v1/districts/{life.district_id}"
    school = {"school_id": world.done(world.operator, f"{path}/schools", {"name": "School"})["id"]}
    world.done(life.teacher, f"{life.path}/physical-badge-requests", school)
    challenge = {
        "title": "Challenge",
        "credential_ids": [world.seen(life.teacher, life.path)["credential_id"]],
        "deadline": {"day": PAY_DATE.isoformat(), "time": "23:59", "zone": "America/Chicago"},
        "prize": {"amount_cents": 1, "board_reference": "Minute 12", "fund": "general"},
    }
    made = world.done(life.district.office, f"{path}/challenges", challenge)["id"]
    world.done(life.teacher, f"/v1/challenges/{made}/teams")
    return {"challenge_id": made}


def reads_of(life: Life, known: Ids) -> list[str]:
    """Every address that the ledger answers reads at, with the ids of her life in it.

    As the app has them: what no page of ours describes is answered as well.
    """
    world, record = life.world, life.record
    enrollment = world.seen(life.teacher, life.path)
    ids = {
        **known,
        "person_id": str(life.teacher),
        "principal_id": str(life.teacher),
        "district_id": life.district_id,
        "issuer_id": life.issuer.id,
        "enrollment_id": life.enrollment,
        "credential_id": enrollment["credential_id"],
        "credential_version": "1",
        "evidence_id": life.evidence[0],
        "record_id": record,
        "share_id": life.shared[0],
        "list_number": "1",
        "version": "1",
        "stack_id": str(UUID(int=1)),
        "import_id": str(UUID(int=1)),
        "key": "1",
        "position": "1",
        "path": "0/000.p/1",
        "secret": life.tokens["secret of the link"],
    }
    routes = iter_route_contexts(world.app.routes)
    paths = [one.path_format for one in routes if "GET" in (one.methods or ())]
    asked = [f"{path}{ASKED_WITH.get(path, '')}" for path in paths if path is not None]
    return [path.format(**ids) for path in asked]
