"""Whose key it is that a record from elsewhere was signed with, and from where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.records.badges2 import method_of
from ledger.records.issuers import IssuerKey
from ledger.records.proofs import with_proof
from tests.api.elsewhere import SIGNED_AT, Issuer
from tests.api.test_external_records import Case, arrived
from tests.api.world import World
from tests.records.host import Answers, answering
from tests.records.received import bundle, text
from tests.records.samples import OTHER_PROOF_KEY, PROOF
from tests.records.test_signed_badges import (
    OTHER,
    PRIVATE,
    assertion,
    key_document,
    profile,
    revoked,
    signed,
)


@pytest.fixture
def case(shared_world: World) -> Case:
    return arrived(shared_world, shared_world.district())


@pytest.fixture
def host() -> Iterator[tuple[str, type[Answers]]]:
    with answering() as found:
        yield found


def test_a_forged_key_gains_nothing_by_the_name_of_a_good_one(
    case: Case, host: tuple[str, type[Answers]]
) -> None:
    """A district names a key that it knows, and whoever makes up a document may call his so."""
    elsewhere = Issuer(*host)
    name = f"{elsewhere.id}#key-1"
    made_up = IssuerKey(OTHER_PROOF_KEY.public_key())
    document = {
        **elsewhere.document,
        "verificationMethod": [
            {
                "id": name,
                "type": "Multikey",
                "controller": elsewhere.id,
                "publicKeyMultibase": made_up.fragment,
            }
        ],
        "assertionMethod": [name],
    }
    unsigned = {one: said for one, said in elsewhere.award(1).items() if one != "proof"}
    forged = with_proof(unsigned, OTHER_PROOF_KEY.sign, name, SIGNED_AT)
    content = bundle(award__json=text(forged), did__json=text(document))
    case.trust(elsewhere, hosts=[], keys=[name, PROOF.method(elsewhere.id)])
    [item] = case.bring(content)["record"]["items"]
    assert (item["standing"], item["reason"], item["trust"]) == (
        "self_asserted",
        "issuer-unconfirmed",
        "unconfirmed",
    )


class Older:
    """An issuer of Open Badges 2.0 on a host of its own."""

    def __init__(self, host: str, answers: type[Answers]) -> None:
        self.host, self.answers = host, answers
        self.id, self.key, self.list = (f"https://{host}/{one}" for one in ("i", "k", "r"))
        self.names = {"id": self.id, "publicKey": self.key, "revocationList": self.list}

    def publish(self, *taken_back: str) -> None:
        documents = {
            "/i": profile(**self.names),
            "/k": key_document(id=self.key, owner=self.id),
            "/r": revoked(*taken_back, id=self.list, issuer=self.id),
        }
        for path, document in documents.items():
            self.answers.pages[path] = (200, {}, text(document))

    def badge(self, key: Any = PRIVATE) -> bytes:
        badge = {"type": "BadgeClass", "id": f"https://{self.host}/b", "name": "Old badge"}
        verification = {"type": "SignedBadge", "creator": self.key}
        return signed(key, verification=verification, badge={**badge, "issuer": self.id})

    def trusted(self, **changes: Any) -> dict[str, Any]:
        return {
            "issuer_id": self.id,
            "hosts": [self.host],
            "effective_on": "2026-07-01",
            "authority_reference": "Minute 12",
            **changes,
        }


def test_a_signed_older_badge_is_checked_by_the_key_that_its_issuer_publishes(
    case: Case, host: tuple[str, type[Answers]]
) -> None:
    issuer = Older(*host)
    issuer.publish()
    path = f"/v1/districts/{case.district.id}/trusted-issuers"
    case.world.done(case.district.office, path, issuer.trusted())
    made = case.bring(issuer.badge())
    assert [one["address"][-1] for one in made["asked"]] == ["i", "k", "r"]
    [item] = made["record"]["items"]
    assert (item["standing"], item["trust"], item["status"]) == (
        "external_verified",
        "trusted",
        "active",
    )
    assert case.refused(issuer.badge(OTHER)) == (422, "record-proof-refused")
    key = made["record"]["external_record_id"]
    case.decide(key, item["item_id"], "accepted")
    issuer.publish("urn:uuid:0e2e4dc7-6e2a-4a2b-9f2d-0c4a6a4d3c11")
    found = case.recheck(key)
    assert (found["changed"], found["put_under_review"]) == (1, 1)


def test_a_signed_older_badge_is_checked_by_files_beside_it_where_the_district_knows_the_key(
    case: Case, host: tuple[str, type[Answers]]
) -> None:
    issuer = Older(*host)
    files = {
        "issuer__json": text(profile(**issuer.names)),
        "key__json": text(key_document(id=issuer.key, owner=issuer.id)),
    }
    content = bundle(badge__jwt=issuer.badge(), **files)
    path = f"/v1/districts/{case.district.id}/trusted-issuers"
    case.world.done(case.district.office, path, issuer.trusted(hosts=[], keys=[issuer.key]))
    [item] = case.bring(content)["record"]["items"]
    assert (item["standing"], item["reason"]) == ("self_asserted", "issuer-unconfirmed")

    known = method_of(PRIVATE.public_key(), issuer.id)
    other = arrived(case.world, case.world.district())
    path = f"/v1/districts/{other.district.id}/trusted-issuers"
    other.world.done(other.district.office, path, issuer.trusted(hosts=[], keys=[known]))
    [item] = other.bring(content)["record"]["items"]
    assert (item["standing"], item["trust"]) == ("external_verified", "trusted")
    assert issuer.answers.asked == []


def test_a_hosted_older_badge_is_followed_from_its_address_to_its_issuer(
    case: Case, host: tuple[str, type[Answers]]
) -> None:
    """Its parts are addresses, as most issuers wrote them: each answer names the next."""
    issuer = Older(*host)
    issuer.publish()
    badge = {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "BadgeClass",
        "id": f"https://{issuer.host}/b",
        "name": "Old badge",
        "issuer": issuer.id,
    }
    hosted = assertion(
        id=f"https://{issuer.host}/a", badge=badge["id"], verification={"type": "hosted"}
    )
    issuer.answers.pages["/a"] = (200, {}, text(hosted))
    issuer.answers.pages["/b"] = (200, {}, text(badge))
    path = f"/v1/districts/{case.district.id}/trusted-issuers"
    case.world.done(case.district.office, path, issuer.trusted())
    made = case.bring(text(hosted))
    assert [one["address"][-1] for one in made["asked"]] == ["a", "b", "i"]
    [item] = made["record"]["items"]
    assert (item["standing"], item["trust"], item["status"]) == (
        "external_verified",
        "trusted",
        "active",
    )
    assert item["title"] == "Old badge", "as its address said, for the badge itself says only where"
    changed = {**hosted, "issuedOn": "2020-05-01T00:00:00Z"}
    assert case.refused(text(changed)) == (422, "record-unusable")
