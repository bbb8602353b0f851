"""Who holds something, of those who agreed, for the district that they agreed to, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import wall
from ledger.values import local_date
from ledger.vault import Vault
from tests.api.test_merges import merge
from tests.api.world import Answer, District, Issuer, Story, World, stack_of

TODAY = local_date(wall(), "America/Chicago")  # of the districts, when the tests began
LATER = timedelta(days=400)
SOON = (TODAY + timedelta(days=30)).isoformat()


@dataclass
class Search:
    """Three who were awarded the same, by a district that now looks for one more of them."""

    world: World
    issuer: Issuer
    credential: str
    competency: str
    stories: list[Story]
    looking: District
    employer: District

    @property
    def teachers(self) -> list[UUID]:
        return [one.teacher for one in self.stories]

    def consents(self, teacher: UUID, to: District | None, expires_on: str = SOON) -> str:
        body = {"district_id": to.id if to else None, "expires_on": expires_on}
        path = f"/v1/people/{teacher}/consents-to-be-found"
        return str(self.world.done(teacher, path, body)["id"])

    def withdraws(self, teacher: UUID, consent: str) -> None:
        self.world.done(teacher, f"/v1/consents-to-be-found/{consent}/withdrawals")

    def ask(self, district: District | None = None, **asked: Any) -> Answer:
        one = district or self.looking
        asked = asked or {"credential_id": self.credential}
        return self.world.get(one.office, f"/v1/districts/{one.id}/holders", **asked)

    def found(self, district: District | None = None, **asked: Any) -> set[str]:
        sought = {"stack_id", "competency", "credential_id"} & asked.keys()
        asked = asked if sought else {"credential_id": self.credential, **asked}
        answer = self.ask(district, **asked)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"items", "next"}, "of those who are not shown no count"
        return {one["person_id"] for one in answer.json()["items"]}

    def told(self, teacher: UUID) -> list[tuple[str, str]]:
        """Who of the searching found her, and for whom."""
        path = f"/v1/people/{teacher}/disclosures"
        items = self.world.seen(teacher, path, limit=200)["items"]
        return [(one["role"], one["organization_id"]) for one in items if one["record"] == "found"]

    def position(self) -> int:
        return int(self.world.edge.ledger.recorder.last_position())

    def revoke(self, one: Story) -> None:
        reason = {"reason": "plagiarism", "authority": "issuer"}
        self.world.done(self.issuer.approver, f"{one.path}/revocations", reason)


def holders(world: World, count: int) -> Search:
    employer, issuer = world.district("Employer"), world.issuer()
    competency = f"Feedback moves {uuid4()} on."
    credential = issuer.credential(competencies=[competency])
    assessors = issuer.assessors(credential, employer)
    stories = [
        Story(world, issuer, employer.person(f"Ada {n}"), credential, assessors).award()
        for n in range(count)
    ]
    return Search(
        world, issuer, credential, competency, stories, world.district("Looking"), employer
    )


@pytest.fixture(scope="module")
def three(shared_world: World) -> Search:
    """The practice's own numbers: three hold it, one of them is revoked, one does not agree."""
    search = holders(shared_world, 3)
    for teacher in search.teachers[:2]:
        search.consents(teacher, search.looking)
    return search


def test_of_three_who_hold_it_one_revoked_and_one_silent_one_is_shown(three: Search) -> None:
    holder, revoked, silent = map(str, three.teachers)
    before = three.position()
    assert three.found() == {holder, revoked}
    three.revoke(three.stories[1])
    looks = three.told(three.teachers[1])
    [item] = three.ask().json()["items"]
    assert (item["person_id"], item["name"]) == (holder, "Ada 0 Sample")
    [award] = item["awards"]
    assert award["enrollment_id"] == three.stories[0].enrollment
    awarded_on = date.fromisoformat(award["awarded_on"])
    assert (awarded_on >= TODAY, award["title"] is None) == (True, False)
    assert three.told(three.teachers[0])[0] == ("district", three.looking.id)
    assert three.told(three.teachers[1]) == looks, "nobody was shown her now"
    assert three.told(three.teachers[2]) == []
    assert silent not in three.ask().text
    assert three.found(as_of=before) == {holder, revoked}, "as it was known then"
    yesterday = (awarded_on - timedelta(days=1)).isoformat()
    assert three.found(effective_on=yesterday) == set(), "before it was awarded"
    over = date.fromisoformat(award["expires_on"])
    last = (over - timedelta(days=1)).isoformat()
    assert three.found(effective_on=last) == {holder}
    assert three.found(effective_on=over.isoformat()) == set(), "once it has expired"


def test_a_district_finds_those_who_agreed_to_be_found_by_it(shared_world: World) -> None:
    search = holders(shared_world, 1)
    [teacher], other = search.teachers, shared_world.district("Other")
    assert search.found() == search.found(other) == set()
    to_one = search.consents(teacher, search.looking)
    assert search.found() == {str(teacher)}
    assert search.found(other) == set()
    to_any = search.consents(teacher, None)
    known = search.position()
    assert search.found(other) == {str(teacher)}
    search.withdraws(teacher, to_any)
    assert search.found(other) == search.found(other, as_of=known) == set(), "nor by its past"
    search.withdraws(teacher, to_one)
    assert search.found() == set()
    again = search.world.post(teacher, f"/v1/consents-to-be-found/{to_one}/withdrawals")
    assert again.json()["type"] == "/problems/nothing-changes"
    late = search.position()
    search.consents(teacher, search.looking)
    assert search.found() == {str(teacher)}
    assert search.found(as_of=late) == set(), "she had not agreed then"
    listed = search.world.seen(teacher, f"/v1/people/{teacher}/consents-to-be-found")["items"]
    assert [(one["district_id"], one["stands"]) for one in listed] == [
        (search.looking.id, True),
        (None, False),
    ]


def test_a_consent_ends_on_its_day_and_a_bad_one_is_refused(shared_world: World) -> None:
    search = holders(shared_world, 1)
    [teacher] = search.teachers
    search.consents(teacher, None)
    path = f"/v1/districts/{search.looking.id}/holders"
    asked = {"credential_id": search.credential, "min_position": search.position()}
    for days, found in ((29, 1), (30, 0)):
        clock = {"Ledger-Time": f"{TODAY + timedelta(days=days)}T18:00:00Z"}
        answer = shared_world.ask(search.looking.office, "GET", path, params=asked, headers=clock)
        assert len(answer.json()["items"]) == found
    own = f"/v1/people/{teacher}/consents-to-be-found"
    for changed, slug in (
        ({"expires_on": TODAY.isoformat()}, "consent-expiry"),
        ({"expires_on": "2199-01-01"}, "consent-expiry"),
        ({"district_id": str(teacher)}, "not-found"),
        ({}, "nothing-changes"),
    ):
        body = {"district_id": None, "expires_on": SOON, **changed}
        assert shared_world.post(teacher, own, body).json()["type"] == f"/problems/{slug}"


def test_what_is_sought_is_one_credential_one_stack_or_one_competency(
    shared_world: World,
) -> None:
    search = holders(shared_world, 2)
    both = [search.credential, search.issuer.credential(1)]
    one, other = search.teachers
    assessors = search.issuer.assessors(both[1], search.looking)
    Story(shared_world, search.issuer, one, both[1], assessors).award()
    made = shared_world.done(
        search.issuer.approver, "/v1/stacks", stack_of(search.issuer.id, *both)
    )
    known = search.position()
    for teacher in (one, other):
        search.consents(teacher, search.looking)
    agreed = search.position()
    stack, worded = {"stack_id": made["id"]}, {"competency": search.competency.upper()}
    assert search.found(**stack) == search.found(**stack, as_of=agreed) == {str(one)}
    assert search.found(**stack, as_of=known) == set()
    assert search.found(**worded) == {str(one), str(other)}
    assert search.found(competency="Nobody words it so.") == set()
    first = search.ask(**worded, limit=1).json()
    rest = search.ask(**worded, limit=1, cursor=first["next"]).json()
    assert [x["person_id"] for x in first["items"] + rest["items"]] == sorted(
        map(str, (one, other))
    )
    search.revoke(search.stories[0])
    assert search.found(**stack) == set()
    assert search.found(**stack, as_of=agreed) == {str(one)}
    for asked, slug in (
        ({**stack, **worded}, "invalid-request"),
        ({"limit": 1}, "invalid-request"),
        ({"competency": "a\0b"}, "invalid-request"),
        ({"credential_id": str(one)}, "not-found"),
        ({"stack_id": str(one)}, "not-found"),
    ):
        assert search.ask(**asked).json()["type"] == f"/problems/{slug}"


def test_the_vault_is_opened_once_for_all_minors_and_for_the_names_of_a_page(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = holders(shared_world, 3)
    for n, teacher in enumerate(search.teachers):
        search.consents(teacher, None)
        birth = {"program": "educators-rising", "minor_until": (TODAY + n * LATER).isoformat()}
        path = f"/v1/districts/{search.employer.id}/people/{teacher}/pre-service"
        shared_world.done(search.employer.office, path, birth)
    opened: list[int] = []
    for name in ("get_texts", "get_details"):
        whole = getattr(Vault, name)

        def counted(
            self: Vault, ids: Iterable[UUID], *more: Any, whole: Any = whole, **of: Any
        ) -> Any:
            asked = list(ids)
            opened.append(len(asked))
            return whole(self, asked, *more, **of)

        monkeypatch.setattr(Vault, name, counted)
    found = search.ask(competency=search.competency, limit=1)
    assert [one["person_id"] for one in found.json()["items"]] == [str(search.teachers[0])]
    assert opened == [2, 1], "the days of two who were recorded as minors, and the name of one"


def test_what_was_agreed_to_holds_for_whoever_she_is_by_now(shared_world: World) -> None:
    """Merged, she is found by her id of today; erased, by nobody."""
    search = holders(shared_world, 1)
    [teacher] = search.teachers
    consent = search.consents(teacher, search.looking)
    kept = search.looking.person("Ada", "Kept")
    merge(shared_world, kept, teacher)
    assert search.found() == {str(kept)}
    search.withdraws(kept, consent)
    assert search.found() == set()
    search.consents(kept, None)
    assert search.found() == {str(kept)}
    asked = {"reason": "subject-request"}
    erased = shared_world.post(kept, f"/v1/people/{kept}/erasures", asked)
    assert erased.json()["status"] == "erased", erased.text
    assert search.found() == set()
