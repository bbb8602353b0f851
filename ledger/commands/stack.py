"""Commands on stacks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import stack as stacks
from ledger.aggregates.credential import Credential
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.stack import Stack, StackDefinition
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyStackEvent
from ledger.values import stream_id


def define_stack(
    ledger: Ledger, call: Call, *, issuer_id: UUID, definition: StackDefinition
) -> Receipt:
    """Begin a stack, whose id follows from the command's. Its credentials have to exist."""
    stream = stream_id("stack", call.command_id)

    def decide(read: Reader) -> Sequence[AnyStackEvent]:
        issuer = read.get(Issuer, issuer_id)
        events = stacks.define(stream, call.act, issuer=issuer, definition=definition)
        _must_exist(read, definition)
        return events

    return ledger.run(call, decide)


def redefine_stack(
    ledger: Ledger, call: Call, *, stack_id: UUID, definition: StackDefinition
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyStackEvent]:
        events = read.get(Stack, stack_id).redefine(call.act, definition=definition)
        _must_exist(read, definition)
        return events

    return ledger.run(call, decide)


def retire_stack(ledger: Ledger, call: Call, *, stack_id: UUID, reason: str) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyStackEvent]:
        return read.get(Stack, stack_id).retire(call.act, reason=reason)

    return ledger.run(call, decide)


def _must_exist(read: Reader, definition: StackDefinition) -> None:
    for credential_id in definition.credential_ids:
        read.get(Credential, credential_id)
