"""Stacks: defined by the approvers of their issuer."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_act_for_issuer
from api.answers import recorded
from api.routes.credentials import Retirement
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.stack import Stack, StackDefinition
from ledger.commands import stack as stacks
from ledger.events.stack import Group
from ledger.values import ShortText, Text, Value

router = Router("stacks")


class Definition(Value):
    """What completes a stack: `needed` of the members of each group, and the capstone if any."""

    title: ShortText
    summary: Text
    requirement: Group
    capstone_credential_id: UUID | None = None


class NewStack(Definition):
    """A stack of an issuer."""

    issuer_id: UUID


@router.write("/stacks")
def define_stack(body: NewStack, write: WriteNow) -> Response:
    """Define a stack of micro-credentials that exist."""
    must_act_for_issuer(write.caller, body.issuer_id)
    asked = dict(body)
    issuer_id = asked.pop("issuer_id")
    call = write.call(body)
    return recorded(
        stacks.define_stack(
            write.edge.ledger, call, issuer_id=issuer_id, definition=StackDefinition(**asked)
        )
    )


@router.write("/stacks/{stack_id}/definitions")
def redefine_stack(stack_id: UUID, body: Definition, write: WriteNow) -> Response:
    """Define a stack anew; who had completed it keeps that."""
    _must_write(write, stack_id)
    definition = StackDefinition(**dict(body))
    call = write.call(body)
    return recorded(
        stacks.redefine_stack(write.edge.ledger, call, stack_id=stack_id, definition=definition)
    )


@router.write("/stacks/{stack_id}/retirements")
def retire_stack(stack_id: UUID, body: Retirement, write: WriteNow) -> Response:
    """Take no new completions."""
    _must_write(write, stack_id)
    return recorded(write.run(stacks.retire_stack, body, stack_id=stack_id))


def _must_write(write: WriteNow, stack_id: UUID) -> None:
    must_act_for_issuer(write.caller, write.edge.ledger.get(Stack, stack_id).issuer_id)
