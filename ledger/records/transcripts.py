"""A transcript as a Comprehensive Learner Record 2.0: signed awards, and the stacks they are of.

Every award is inside as its issuer signed it. The issuer of the transcript says which awards belong
together and which stacks they are parts of, and signs that; a good signature around an award says
nothing of the award, so whoever checks one checks each.

The word `partial` is not used: copies of its context differ on it. The description says it, and
what its holder disputes, for which that standard has no word.

Source: Comprehensive Learner Record Standard 2.0; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.events.stack import Group
from ledger.records.awards import Issuer
from ledger.records.canonical import UNUSUAL
from ledger.records.contexts import CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES
from ledger.records.documents import Document, RecordError, written_instant

NAME: Final = "Professional learning record"
_ALL: Final = "Every award that the issuer of this record knows of, as of the day it is valid from."
_DISPUTED: Final = "The holder disputes:"
_SOME: Final = "A choice of her awards, made by herself: there may be others."


@dataclass(frozen=True, slots=True)
class Stack:
    """Micro-credentials that together mean more, and which of them are in the transcript."""

    achievement_url: str  # of this version of the stack
    name: str
    description: str
    requirement: str  # what completes it, in words
    parts: tuple[str, ...]  # achievement urls


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything a transcript says. `awards` are signed, and stay as they are, in their order."""

    record_url: str  # its id: the same for the same teacher and choice
    issuer: Issuer
    subject_id: str  # names her in this record
    valid_from: datetime  # of this issue: the newer replaces the older
    awards: tuple[Document, ...]
    partial: bool  # whether she chose some of her awards
    stacks: tuple[Stack, ...] = ()
    disputed: tuple[str, ...] = ()  # what she says is wrong with which award, in words


def learner_record(transcript: Transcript) -> dict[str, Any]:
    """The transcript, not yet signed.

    Raises RecordError when it holds no award, one that is not signed, or the same one twice.
    """
    achievements = {_achievement_of(award) for award in transcript.awards}
    _must_be_signed_and_differ(transcript.awards)
    stacks = [stack for stack in transcript.stacks if achievements.intersection(stack.parts)]
    return {
        "@context": [CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES],
        "id": transcript.record_url,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": NAME,
        "description": _described(transcript),
        "issuer": transcript.issuer.document(),
        "validFrom": written_instant(transcript.valid_from),
        "credentialSubject": {
            "id": transcript.subject_id,
            "type": ["ClrSubject"],
            **_stacked(stacks, achievements),
            "verifiableCredential": list(transcript.awards),
        },
    }


def _described(transcript: Transcript) -> str:
    """What is inside, and what is disputed of it: her words go with the record they are about.

    What no signature could cover in words that are hers is left out of them.
    """
    said = [_without_unusual(one) for one in transcript.disputed]
    disputed = [_DISPUTED, *said] if said else []
    return "\n".join([_SOME if transcript.partial else _ALL, *disputed])


def _without_unusual(words: str) -> str:
    """Words with what nobody can sign left out, also where that brings together what was apart."""
    while UNUSUAL.search(words):
        words = UNUSUAL.sub("", words)
    return words


def _stacked(stacks: list[Stack], achievements: set[str]) -> dict[str, Any]:
    """The stacks that awards in the transcript are parts of, and which are parts of which."""
    if not stacks:
        return {}
    return {
        "achievement": [stack_achievement(stack) for stack in stacks],
        "association": [
            {
                "type": "Association",
                "associationType": "isPartOf",
                "sourceId": part,
                "targetId": stack.achievement_url,
            }
            for stack in stacks
            for part in dict.fromkeys(stack.parts)
            if part in achievements
        ],
    }


def stack_achievement(stack: Stack) -> dict[str, Any]:
    """What a stack asks for, as its own address states it too."""
    return {
        "id": stack.achievement_url,
        "type": ["Achievement"],
        "achievementType": "LearningProgram",
        "name": stack.name,
        "description": stack.description,
        "criteria": {"id": f"{stack.achievement_url}#/criteria", "narrative": stack.requirement},
    }


def requirement_in_words(group: Group) -> str:
    """What completes a stack, in words."""
    count = len(group.credential_ids) + len(group.groups)
    inner = "".join(f"; {requirement_in_words(one)}" for one in group.groups)
    return f"{group.title}: {group.needed} of {count}{inner}"


def _must_be_signed_and_differ(awards: tuple[Document, ...]) -> None:
    """In what is signed, an award that is there twice counts once: one could be taken away."""
    if not awards:
        raise RecordError("a transcript holds at least one award")
    if not all(award.get("proof") for award in awards):
        raise RecordError("a transcript holds awards as their issuers signed them")
    if len({str(award.get("id")) for award in awards}) < len(awards):
        raise RecordError("the transcript holds an award twice")


def _achievement_of(award: Document) -> str:
    subject = award.get("credentialSubject")
    achievement = subject.get("achievement") if isinstance(subject, Mapping) else None
    named = achievement.get("id") if isinstance(achievement, Mapping) else None
    if not isinstance(named, str):
        raise RecordError("an award does not say what it is for")
    return named
