"""Signing awards in bulk, and a transcript of awards that are signed already."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyld import jsonld

from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, seconds_of
from ledger.events.credential import Criterion, Definition, EvidenceRequirement, Level
from ledger.records import shapes
from ledger.records.awards import Award, EvidenceCommitment, Issuer, credential
from ledger.records.canonical import canonical
from ledger.records.contexts import load
from ledger.records.documents import Document
from ledger.records.identities import Identity
from ledger.records.issuers import IssuerKey, did_web
from ledger.records.proofs import Canonicalize, with_proof
from ledger.records.shapes import canonical_by_shape
from ledger.records.status import StatusEntry
from ledger.records.transcripts import Transcript, learner_record

HOST = "https://records.bench.example"
ISSUER = Issuer(did_web("records.bench.example"), "Bench District", HOST)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
METHOD = IssuerKey(KEY.public_key()).method(ISSUER.issuer_id)
SIGNED_AT = datetime(2026, 11, 20, tzinfo=UTC)
VERSIONS = 20  # of micro-credentials, with rubrics of three to five criteria
AWARDS = 60


def definition(version: int) -> Definition:
    """A micro-credential; no two have the same words, and rubrics differ in length."""
    levels = tuple(
        Level(level=level, points=points, description=f'{level} of "{version}": what was seen.')
        for points, level in enumerate(("beginning", "developing", "proficient", "exemplary"), 1)
    )
    return Definition(
        title=f"Practice {version} of discussion",
        summary=f"Leads a discussion in way {version}, and shows what came of it.",
        competencies=(f"Plans {version}", f"Listens {version}"),
        evidence=(EvidenceRequirement(kind="classroom_video", count=1 + version % 3),),
        rubric=tuple(
            Criterion(
                criterion=f"c{number}", title=f"Row {number}", levels=levels, passing_points=3
            )
            for number in range(3 + version % 3)
        ),
    )


DEFINITIONS = [definition(version) for version in range(VERSIONS)]


def award(number: int) -> Award:
    """An award that differs from all others in every id, salt and digest."""
    version = number % VERSIONS
    return Award(
        record_url=f"{HOST}/records/{number}",
        issuer=ISSUER,
        subject_id=UUID(int=number).urn,
        identities=tuple(
            Identity(kind, f"teacher-{number}", (2 * number + place).to_bytes(16))
            for place, kind in enumerate(("emailAddress", "oneRosterSourcedId"))
        ),
        achievement_url=f"{HOST}/achievements/{version}/1",
        version=1,
        definition=DEFINITIONS[version],
        levels={each.criterion: "proficient" for each in DEFINITIONS[version].rubric},
        awarded_at=SIGNED_AT,
        valid_from=SIGNED_AT,
        valid_until=None,
        evidence=tuple(
            EvidenceCommitment(
                UUID(int=10 * number + place),
                "classroom_video",
                f"hmac-sha256:{number:064x}",
                number.to_bytes(32),
            )
            for place in range(1 + version % 3)
        ),
        status=StatusEntry(f"{HOST}/status/1", number),
    )


def by_pyld(document: Document) -> bytes:
    """What anybody would write first, without a look at what it passes over."""
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    quads: str = jsonld.normalize(document, options)
    return quads.encode()


def signed(unsigned: Document, canonicalize: Canonicalize) -> Document:
    """The document with its proof."""
    return with_proof(unsigned, KEY.sign, METHOD, SIGNED_AT, canonicalize)


@contextmanager
def bulk(bench: Bench) -> Iterator[Contest]:
    """Awards of twenty micro-credentials, each built and signed."""
    ours, theirs = bench.size(2_000, 500), bench.size(200, 50)
    first = award(7)
    assert signed(credential(first), canonical_by_shape) == signed(credential(first), by_pyld)

    def rate(count: int, canonicalize: Canonicalize) -> float:
        awards = [replace(award(number), valid_from=SIGNED_AT) for number in range(count)]

        def sign_all() -> None:
            for one in awards:
                signed(credential(one), canonicalize)

        return count / seconds_of(sign_all)

    yield Contest(
        lambda: rate(ours, canonical_by_shape),
        {"plain pyld": lambda: rate(theirs, by_pyld)},
    )


@contextmanager
def transcript(_bench: Bench) -> Iterator[Contest]:
    """Stored bytes to bytes to send, by a process that has never seen a record's shape."""
    stored = [
        orjson.dumps(signed(credential(award(number)), canonical_by_shape))
        for number in range(AWARDS)
    ]

    def issue() -> bytes:
        unsigned = learner_record(
            Transcript(
                record_url=f"{HOST}/transcripts/1",
                issuer=ISSUER,
                subject_id=UUID(int=1).urn,
                valid_from=SIGNED_AT,
                awards=tuple(orjson.loads(each) for each in stored),
                partial=False,
            )
        )
        return orjson.dumps(signed(unsigned, canonical_by_shape))

    def mine() -> float:
        shapes.forget()
        gc.collect()
        return seconds_of(issue) * 1000

    def one() -> float:
        gc.collect()
        return (
            min(seconds_of(lambda: signed(credential(award(7)), canonical)) for _ in range(5))
            * 1000
        )

    yield Contest(mine, {"signing one award": one})


ROWS = (
    Row("signing awards in bulk", "records/s", "higher", bulk, floor=8, aim=15),
    Row("a transcript of 60 signed awards, signed", "ms", "lower", transcript, floor=12),
)
