"""A teacher writes a micro-credential, its issuer answers, and work counts from then on alone."""

from __future__ import annotations

from uuid import uuid4

from api.demo.catalog import CREDENTIALS, definition
from tests.api.test_field import at
from tests.api.test_merges import merge
from tests.api.world import MET, PNG, Story, World


def test_practice_21_a_teacher_proposes_and_work_from_before_the_approval_does_not_count(
    shared_world: World,
) -> None:
    """Changes are asked for, it is approved on 10 October, and evidence is of 1 October."""
    world, district, issuer = shared_world, shared_world.district(), shared_world.issuer("Own")
    written = {**definition(CREDENTIALS[0]), "preapproval_required": True}
    first = {"issuer_id": issuer.id, "definition": {**written, "competencies": ["A", "B"]}}
    staffs = {"title": "Of the issuer's staff", "summary": "S"}
    world.done(issuer.approver, "/v1/credentials", {"issuer_id": issuer.id, "definition": staffs})
    with at(world, "2024-09-20"):
        author, other = district.teacher("Author"), district.teacher("Other")
        not_hers = world.post(author, "/v1/credentials", {**first, "author_id": str(other)})
        assert not_hers.status_code == 403
        hers = {"author_id": str(author)}
        path = f"/v1/credentials/{world.done(author, '/v1/credentials', {**first, **hers})['id']}"

    def listed() -> list[str]:
        found = world.seen(issuer.approver, f"/v1/issuers/{issuer.id}/proposals")["items"]
        return [one["credential_id"] for one in found]

    def standing() -> tuple[str, list[str]]:
        found = world.seen(author, f"{path}/proposal")
        return found["standing"], found["reasons"]

    assert listed() == [path.rpartition("/")[2]]
    assert standing() == ("proposed", [])
    assert world.get(other, path).status_code == 404
    assert world.get(other, f"{path}/proposal").status_code == 404
    assert world.seen(author, path)["author_id"] == str(author)
    changes = {"answer": "changes_requested", "reasons": ["one-competency"]}
    assert world.post(author, f"{path}/proposal-answers", changes).status_code == 404
    with at(world, "2024-09-25"):
        world.done(issuer.approver, f"{path}/proposal-answers", changes)
        again = world.post(issuer.approver, f"{path}/proposal-answers", changes)
        assert again.json()["type"] == "/problems/nothing-changes"
    assert standing() == ("changes_requested", ["one-competency"])
    assert listed() == [path.rpartition("/")[2]]
    stranger = world.post(other, f"{path}/drafts", {"definition": written, "author_id": str(other)})
    assert stranger.status_code == 404
    with at(world, "2024-09-26"):
        world.done(author, f"{path}/drafts", {"definition": written, **hers})
    assert standing() == ("proposed", [])
    world.done(world.operator, f"/v1/principals/{author}/grants", approver := {
        "role": "issuer_approver", "scope_id": issuer.id
    })  # fmt: skip
    for what, body in (("versions", None), ("proposal-answers", changes)):
        own = world.post(author, f"{path}/{what}", body)
        assert own.json()["type"] == "/problems/publisher-is-author"
    world.done(world.operator, f"/v1/principals/{author}/grant-withdrawals", approver)
    with at(world, "2024-10-10"):
        world.done(issuer.approver, f"{path}/versions")
    assert (standing(), listed()) == (("approved", []), [])
    late = world.post(author, f"{path}/drafts", {"definition": written, **hers})
    assert late.status_code == 403, "what is published is the issuer's to change"
    credential = path.rpartition("/")[2]
    with at(world, "2024-10-20"):
        panel = issuer.assessors(credential, district, 2)
        counts_from_the_approval_on(Story(world, issuer, other, credential, panel).enroll())


def counts_from_the_approval_on(one: Story) -> None:
    """Work of 1 October is refused, also beside work of 10 October, which counts alone."""
    world, who, path = one.world, one.teacher, f"{one.path}/submissions"
    kinds = [each["kind"] for each in one.requirements()]
    for day in ("2024-10-01", "2024-10-10"):
        for kind in kinds:
            one.upload(kind, PNG + kind.encode() + day.encode(), data={"created_on": day})
        refused = world.post(who, path, {"integrity_attested": True})
        assert refused.json()["type"] == "/problems/preapproval-required"
    evidence = world.seen(who, one.path)["evidence"]
    kept = [each["evidence_id"] for each in evidence if each["created_on"] == "2024-10-10"]
    world.done(who, path, {"integrity_attested": True, "evidence_ids": kept})
    one.review(MET, MET).decide()


def test_practice_21_what_was_declined_its_author_writes_no_more(shared_world: World) -> None:
    world, issuer = shared_world, shared_world.issuer("Declines")
    author = world.district().teacher("Author")
    draft = {"definition": {"title": "Mine", "summary": "S"}, "author_id": str(author)}
    made = world.done(author, "/v1/credentials", {"issuer_id": issuer.id, **draft})
    path = f"/v1/credentials/{made['id']}"
    declined = {"answer": "declined", "reasons": ["taught-already"]}
    world.done(issuer.approver, f"{path}/proposal-answers", declined)
    found = world.seen(author, f"{path}/proposal")
    assert (found["standing"], found["reasons"]) == ("declined", ["taught-already"])

    def listed(**asked: str) -> list[str]:
        proposals = f"/v1/issuers/{issuer.id}/proposals"
        return [one["title"] for one in world.seen(issuer.approver, proposals, **asked)["items"]]

    assert (listed(), listed(standing="declined")) == ([], ["Mine"]), "it waits for nobody"
    again = {**draft, "definition": {"title": "Mine anew", "summary": "S"}}
    refused = world.post(author, f"{path}/drafts", again)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/proposal-declined")
    nobody = {**again, "author_id": str(uuid4())}
    for where, body in (("", nobody | {"issuer_id": issuer.id}), (f"/{made['id']}/drafts", nobody)):
        unknown = world.post(issuer.approver, f"/v1/credentials{where}", body)
        assert unknown.status_code == 404, "an author is somebody"
    own = issuer.credential(1)
    answered = world.post(issuer.approver, f"/v1/credentials/{own}/proposal-answers", declined)
    assert answered.json()["type"] == "/problems/not-proposed"


def test_whoever_wrote_it_under_another_id_neither_answers_nor_publishes_it(
    shared_world: World,
) -> None:
    """Nor does she write on under the one what was declined to the other."""
    world, issuer, district = shared_world, shared_world.issuer("Twice"), shared_world.district()
    author, kept = district.teacher("Author"), district.teacher("Author", "Kept")
    first = {"definition": definition(CREDENTIALS[0]), "author_id": str(author)}
    made = world.done(author, "/v1/credentials", {"issuer_id": issuer.id, **first})
    path = f"/v1/credentials/{made['id']}"
    declined = {"answer": "declined", "reasons": ["taught-already"]}
    world.done(issuer.approver, f"{path}/proposal-answers", declined)
    merge(world, kept, author)
    again = {"definition": {"title": "Mine anew", "summary": "S"}, "author_id": str(kept)}
    refused = world.post(kept, f"{path}/drafts", again)
    assert refused.json()["type"] == "/problems/proposal-declined"
    approves = {"role": "issuer_approver", "scope_id": issuer.id}
    world.done(world.operator, f"/v1/principals/{kept}/grants", approves)
    for what, body in (("versions", None), ("proposal-answers", declined)):
        own = world.post(kept, f"{path}/{what}", body)
        assert own.json()["type"] == "/problems/publisher-is-author"
