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

from api.carry.brought import Brought
from api.carry.contents import CarriedAward, Contents
from api.carry.printed import printed
from api.transcripts import ShownLine, shown
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, seconds_of
from ledger.events.credential import Criterion, Definition, EvidenceRequirement, Level
from ledger.records import shapes
from ledger.records.awards import Award, EvidenceCommitment, Issuer, credential
from ledger.records.canonical import canonical
from ledger.records.contexts import load
from ledger.records.documents import Document
from ledger.records.identities import Identity, IdentityKind
from ledger.records.issuers import IssuerKey, did_web
from ledger.records.proofs import Canonicalize, with_proof
from ledger.records.shapes import canonical_by_shape
from ledger.records.status import StatusEntry
from ledger.records.transcripts import Transcript, learner_record
from projections.transcript import TitledLine

HOST = "https://records.bench.example"
ISSUER = Issuer(did_web("records.bench.example"), "Bench District", HOST)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
METHOD = IssuerKey(KEY.public_key()).method(ISSUER.issuer_id)
SIGNED_AT = datetime(2026, 11, 20, tzinfo=UTC)
VERSIONS = 20  # of micro-credentials, with rubrics of three to five criteria
AWARDS = 60
KINDS: tuple[IdentityKind, ...] = ("emailAddress", "oneRosterSourcedId")
PAGES = 14  # awards on paper, as many as somebody has who moves


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
            for place, kind in enumerate(KINDS)
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


def seconds_to_sign_one() -> float:
    """An award, with nothing worked out before."""
    shapes.forget()
    return seconds_of(lambda: signed(credential(award(7)), canonical))


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
        return min(seconds_to_sign_one() for _ in range(5)) * 1000

    yield Contest(mine, {"signing one award": one})


@contextmanager
def printing(_bench: Bench) -> Iterator[Contest]:
    """The PDF with the signed transcript inside, in a process that has drawn one before."""
    contents = contents_of([signed(credential(award(n)), canonical_by_shape) for n in range(PAGES)])
    yield Contest(lambda: seconds_of(lambda: printed(contents)) * 1000)


def contents_of(awards: list[Document]) -> Contents:
    """What somebody carries away who was awarded these."""
    return Contents(
        holder="Ada Sample",
        position=1_000,
        as_of=SIGNED_AT.date(),
        host="records.bench.example",
        lines=tuple(line_of(number, one) for number, one in enumerate(awards)),
        awards=tuple(CarriedAward(one["name"], ISSUER.name, one, "", ()) for one in awards),
        brought=Brought(),
        learner_record=signed(
            learner_record(
                Transcript(
                    record_url=f"{HOST}/transcripts/1",
                    issuer=ISSUER,
                    subject_id=UUID(int=1).urn,
                    valid_from=SIGNED_AT,
                    awards=tuple(awards),
                    partial=False,
                )
            ),
            canonical_by_shape,
        ),
        issuers=(),
        lists=(),
        checkpoint=None,
    )


def line_of(number: int, award: Document) -> ShownLine:
    """The line of the transcript that says the same."""
    line = TitledLine(
        enrollment_id=UUID(int=number),
        person_id=UUID(int=1),
        enrolled_position=number,
        credential_id=UUID(int=number),
        credential_version=1,
        issuer_id=UUID(int=1),
        cycle=1,
        renews_enrollment_id=None,
        enrolled_at=SIGNED_AT,
        status="awarded",
        awarded_on=SIGNED_AT.date(),
        title=award["name"],
        tier=None,
        issuer_name=ISSUER.name,
    )
    return shown(line, SIGNED_AT, None)


ROWS = (
    Row("signing awards in bulk", "records/s", "higher", bulk, floor=8, aim=15),
    Row("a transcript of 60 signed awards, signed", "ms", "lower", transcript, floor=12),
    Row("a printed transcript of 14 awards", "ms", "lower", printing),
)
