"""Plans keep her order, steps are taken once, and lists of resources name each thing once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates import learning_plan
from ledger.aggregates.credential import (
    RESOURCES_MAX,
    Credential,
    CredentialNotPublishedError,
    CredentialRetiredError,
    ResourceRepeatedError,
    ResourceUnknownError,
    TooManyResourcesError,
)
from ledger.aggregates.learning import Learning, Step, learning_stream, take_step
from ledger.aggregates.learning_plan import (
    CREDENTIALS_MAX,
    LearningPlan,
    NotInPlanError,
    PlanFullError,
    PlanOrderError,
)
from ledger.errors import LedgerError, NothingChangesError
from ledger.events.credential import CredentialResourcesListed, Resource, ResourceKind
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.events.learning_plan import (
    LearningPlanCreated,
    PlanCredentialAdded,
    PlanCredentialRemoved,
    PlanReordered,
)
from tests.given import fact, given
from tests.samples import (
    CREDENTIAL,
    EARNER,
    act,
    credential_events,
    definition,
    header,
    named,
    vault_text,
)


def published(*definitions: Any) -> Credential:
    state = Credential.fold(None, credential_events(*definitions))
    assert state is not None
    return state


def resource(name: str, kind: ResourceKind = "article") -> Resource:
    url = f"https://learn.example/{name}"
    return Resource(resource=name, title=name, url=url, kind=kind, minutes=10)


def listing(state: Credential, *resources: Resource, version: int = 1) -> Credential:
    events = state.list_resources(act(), credential_version=version, resources=resources)
    assert isinstance(events[0], CredentialResourcesListed)
    after = Credential.fold(state, events)
    assert after is not None
    return after


def plan(*credential_ids: UUID) -> LearningPlan:
    title = vault_text("title")
    made = learning_plan.create(named("plan"), act(EARNER), person_id=EARNER, title=title)
    state = LearningPlan.fold(None, made)
    assert state is not None
    for one in credential_ids:
        state = LearningPlan.fold(state, state.add(act(EARNER), credential=other(one)))
        assert state is not None
    return state


def other(credential_id: UUID) -> Credential:
    return replace(published(), id=credential_id)


A, B, C = map(named, ("a", "b", "c"))


def test_a_plan_keeps_her_order_and_what_she_takes_out_is_gone() -> None:
    begun = learning_plan.create(
        named("plan"), act(EARNER), person_id=EARNER, title=vault_text("title")
    )
    first = given().when(lambda _: begun)
    first.then(fact(LearningPlanCreated, person_id=EARNER, title=vault_text("title")))
    events = [*begun, *(_added(n, one) for n, one in enumerate((A, B), start=2))]
    added = given(*events).when(lambda one: one.add(act(EARNER), credential=other(C)))
    plan_of_three = added.then(fact(PlanCredentialAdded, person_id=EARNER, credential_id=C))
    assert plan_of_three.credential_ids == (A, B, C)
    ordered = given(*events, *added.events).when(
        lambda one: one.reorder(act(EARNER), credential_ids=(C, A, B))
    )
    said = fact(PlanReordered, person_id=EARNER, credential_ids=(C, A, B))
    assert ordered.then(said).credential_ids == (C, A, B)
    removed = given(*ordered.history, *ordered.events).when(
        lambda one: one.remove(act(EARNER), credential_id=A)
    )
    said = fact(PlanCredentialRemoved, person_id=EARNER, credential_id=A)
    assert removed.then(said).credential_ids == (C, B)


def _added(version: int, credential_id: UUID) -> PlanCredentialAdded:
    who = header(named("plan"), version, actor_id=EARNER)
    return PlanCredentialAdded(**who, person_id=EARNER, credential_id=credential_id)


def test_a_plan_that_is_created_twice_or_never_is_not_folded() -> None:
    title = vault_text("title")
    begun, again = (
        LearningPlanCreated(**header(named("plan"), version), person_id=EARNER, title=title)
        for version in (1, 2)
    )
    with pytest.raises(AssertionError, match="created once"):
        LearningPlan.fold(None, [begun, again])
    with pytest.raises(AssertionError, match="created before it is changed"):
        LearningPlan.fold(None, [_added(1, A)])


@pytest.mark.parametrize("order", [(A,), (A, B, B), (A, C), (A, B, C), ()])
def test_an_order_that_is_not_of_the_plan_is_refused(order: tuple[UUID, ...]) -> None:
    with pytest.raises(PlanOrderError, match=r"^name each micro-credential of the plan once"):
        plan(A, B).reorder(act(), credential_ids=order)


def test_what_changes_nothing_of_a_plan_is_refused() -> None:
    with pytest.raises(NothingChangesError, match=r"^it is in the plan already$"):
        plan(A).add(act(), credential=other(A))
    with pytest.raises(NothingChangesError, match=r"^the plan is in this order already$"):
        plan(A, B).reorder(act(), credential_ids=(A, B))
    with pytest.raises(NotInPlanError, match=str(B)):
        plan(A).remove(act(), credential_id=B)


def test_a_plan_takes_what_can_be_earned_and_no_more_than_it_holds() -> None:
    draft = Credential.fold(None, credential_events()[:1])
    assert draft is not None
    with pytest.raises(CredentialNotPublishedError):
        plan().add(act(), credential=draft)
    with pytest.raises(CredentialRetiredError):
        plan().add(act(), credential=replace(published(), retired=True))
    full = replace(plan(), credential_ids=tuple(named(str(n)) for n in range(CREDENTIALS_MAX)))
    with pytest.raises(PlanFullError, match=str(CREDENTIALS_MAX)):
        full.add(act(), credential=published())
    assert replace(full, credential_ids=full.credential_ids[1:]).add(act(), credential=published())


@pytest.mark.parametrize(
    ("names", "refusal", "said"),
    [
        (["a", "a"], ResourceRepeatedError, "^two resources have the same name$"),
        ([f"r{n}" for n in range(RESOURCES_MAX + 1)], TooManyResourcesError, str(RESOURCES_MAX)),
        ([], NothingChangesError, "version 1"),
    ],
)
def test_a_list_of_resources_that_cannot_stand_is_refused(
    names: list[str], refusal: type[LedgerError], said: str
) -> None:
    with pytest.raises(refusal, match=said):
        listing(published(), *map(resource, names))


def test_a_list_may_be_as_long_as_the_limit() -> None:
    listed = listing(published(), *(resource(f"r{n}") for n in range(RESOURCES_MAX)))
    assert len(listed.resources_of(1)) == RESOURCES_MAX


def test_each_version_has_a_list_of_its_own_and_a_draft_has_none() -> None:
    state = listing(published(definition(), definition(summary="Anew.")), resource("a"), version=2)
    assert (state.resources_of(1), state.resources_of(2)) == ((), (resource("a"),))
    assert state.published == published(definition(), definition(summary="Anew.")).published
    assert listing(replace(state, retired=True), version=2).resources_of(2) == ()
    with pytest.raises(CredentialNotPublishedError):
        listing(state, resource("a"), version=3)


def taken(known: Learning | None, step: Step, name: str, version: int = 1) -> Learning:
    listed = published(definition(), definition(summary="Anew."))
    for number in (1, 2):
        listed = listing(listed, resource("text"), resource("part", "module"), version=number)
    events = take_step(
        known,
        act(EARNER),
        step,
        person_id=EARNER,
        credential=listed,
        credential_version=version,
        resource=name,
    )
    state = Learning.fold(known, events)
    assert state is not None
    return state


def test_a_resource_is_opened_once_and_a_module_completed_once_in_each_version() -> None:
    state = taken(None, ResourceOpened, "part")
    state = taken(state, ModuleCompleted, "part")
    state = taken(state, ResourceOpened, "text")
    state = taken(state, ModuleCompleted, "part", version=2)
    assert (state.version, len(state.done), state.person_id) == (4, 4, EARNER)
    for step, name in ((ResourceOpened, "text"), (ModuleCompleted, "part")):
        with pytest.raises(NothingChangesError, match=name):
            taken(state, step, name)


@pytest.mark.parametrize(("step", "name"), [(ResourceOpened, "b"), (ModuleCompleted, "text")])
def test_what_is_not_listed_cannot_be_opened_and_what_is_no_module_not_completed(
    step: Step, name: str
) -> None:
    with pytest.raises(ResourceUnknownError, match=name):
        taken(None, step, name)


def test_her_stream_about_a_micro_credential_has_one_id_for_ever() -> None:
    stream = learning_stream(EARNER, CREDENTIAL)
    assert str(stream) == "4c5be86b-22ee-52ad-92de-a9e8aa2ff9b4"
    assert taken(None, ResourceOpened, "text").id == stream
    assert taken(None, ModuleCompleted, "part").id == stream
