"""Our proofs and notes before judges whom nobody here has written.

Go's checksum database, and the code by which npm verifies where packages come from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from ledger.seal.leaves import leaf_data
from ledger.seal.notes import Note
from ledger.seal.reads import SealReads
from ledger.seal.tiles import consistency_proof, inclusion_proof, span_root
from tests.judges import tools
from tests.seal.conftest import EVENTS, Sealed, sealed_server

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

Question = dict[str, Any]
Judge = Callable[[Sequence[Question]], list[bool]]
MUTATED = 10_000
SMALL = 70  # of every size below it, each proof that there is
__all__ = ["sealed_server"]


@pytest.fixture(scope="module")
def go() -> Judge:
    command = tools.go()
    return lambda questions: tools.ask(command, [json.dumps(one) for one in questions])


@pytest.fixture(scope="module")
def sigstore() -> Judge:
    command = tools.sigstore()
    return lambda questions: tools.ask(command, [json.dumps(one) for one in questions])


class Proofs:
    """Everything that can be asked about a sealed log."""

    def __init__(self, sealed: Sealed) -> None:
        reads = SealReads(sealed.connection)
        self.read = cache(reads.tile)
        self.data = [leaf_data(row)[1:] for row in reads.rows(1, EVENTS)]
        self.notes = [note for _, note in reads.checkpoints()]
        self.key = str(sealed.keys[-1].key)

    def root(self, size: int) -> str:
        return span_root((0, size), self.read).hex()

    def inclusion(self, index: int, size: int) -> Question:
        return {
            "Kind": "inclusion",
            "Data": self.data[index].hex(),
            "Index": index,
            "Size": size,
            "Root": self.root(size),
            "Proof": [step.hex() for step in inclusion_proof(index, size, self.read)],
        }

    def consistency(self, old: int, size: int) -> Question:
        return {
            "Kind": "consistency",
            "OldSize": old,
            "OldRoot": self.root(old),
            "Size": size,
            "Root": self.root(size),
            "Proof": [step.hex() for step in consistency_proof(old, size, self.read)],
        }

    def note(self, number: int) -> Question:
        return {"Kind": "note", "Note": self.notes[number], "Key": self.key}


@pytest.fixture(scope="module")
def proofs(sealed_server: Sealed) -> Proofs:
    return Proofs(sealed_server)


def inclusions(proofs: Proofs) -> list[Question]:
    dice = random.Random(1)
    sizes = [dice.randint(1, EVENTS) for _ in range(1_000)]
    some = [proofs.inclusion(dice.randrange(size), size) for size in sizes]
    small = [proofs.inclusion(index, size) for size in range(1, SMALL) for index in range(size)]
    return [*(proofs.inclusion(index, EVENTS) for index in range(EVENTS)), *small, *some]


def consistencies(proofs: Proofs) -> list[Question]:
    dice = random.Random(2)
    sizes = [dice.randint(1, EVENTS) for _ in range(1_000)]
    some = [proofs.consistency(dice.randint(1, size), size) for size in sizes]
    small = [
        proofs.consistency(old, size) for size in range(1, SMALL) for old in range(1, size + 1)
    ]
    return [*(proofs.consistency(old, EVENTS) for old in range(1, EVENTS + 1)), *small, *some]


def mutated(dice: random.Random, question: Question) -> Question:
    """The question with one thing in it changed; a proof of nothing is left out by the caller."""
    proof = list(question["Proof"])
    at = dice.randrange(len(proof))
    numbers = ["Index"] if question["Kind"] == "inclusion" else ["OldSize"]
    hashes = ["Root", *(["Data"] if question["Kind"] == "inclusion" else ["OldRoot"])]
    match dice.randrange(5):
        case 0:
            proof[at] = flipped(dice, proof[at])
        case 1:
            del proof[at]
        case 2:
            proof.insert(at, dice.randbytes(32).hex())
        case 3:
            name = dice.choice(hashes)
            return {**question, name: flipped(dice, question[name])}
        case _:
            name = dice.choice(numbers)
            return {**question, name: question[name] + dice.choice([-1, 1, 2, 64, -EVENTS])}
    return {**question, "Proof": proof}


def flipped(dice: random.Random, text: str) -> str:
    content = bytearray.fromhex(text)
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return content.hex()


def many_mutated(questions: Sequence[Question]) -> list[Question]:
    dice = random.Random(3)
    fit = [question for question in questions if question["Proof"]]
    return [mutated(dice, dice.choice(fit)) for _ in range(MUTATED)]


def test_go_accepts_every_proof_of_a_history(go: Judge, proofs: Proofs) -> None:
    assert all(go(inclusions(proofs)))
    assert all(go(consistencies(proofs)))


def test_go_refuses_every_changed_proof(go: Judge, proofs: Proofs) -> None:
    assert not any(go(many_mutated(inclusions(proofs))))
    assert not any(go(many_mutated(consistencies(proofs))))


def test_sigstore_accepts_every_proof_of_a_history(sigstore: Judge, proofs: Proofs) -> None:
    assert all(sigstore(inclusions(proofs)))


def test_sigstore_refuses_every_changed_proof(sigstore: Judge, proofs: Proofs) -> None:
    assert not any(sigstore(many_mutated(inclusions(proofs))))


@pytest.mark.parametrize("name", ["go", "sigstore"])
def test_every_checkpoint_is_opened_and_no_changed_one(
    name: str, proofs: Proofs, request: pytest.FixtureRequest
) -> None:
    judge: Judge = request.getfixturevalue(name)
    questions = [proofs.note(number) for number in range(len(proofs.notes))]
    assert all(judge(questions))
    changed = [
        {**question, "Note": text[:at] + other + text[at + 1 :]}
        for question in questions
        for text in [question["Note"]]
        for at in range(len(Note.parse(text).text))
        for other in ["7" if text[at] != "7" else "8"]
    ]
    assert not any(judge(changed))
