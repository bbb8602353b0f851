"""Notes, checkpoints, cosignatures and proofs: beside published ones, and changed in every byte."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.seal.notes import (
    COSIGNATURE,
    Checkpoint,
    Note,
    NoteError,
    Proof,
    SigningKey,
    VerifierKey,
    cosigned_at,
    open_checkpoint,
)
from ledger.seal.tiles import inclusion_proof
from tests.seal.trees import leaves, tiles_of

# The example of Go's golang.org/x/mod/sumdb/note, and the public key of Go's checksum database.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501 - as published
GO_SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
# The example of the C2SP specification of cosignatures.
COSIGNED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - as published
ORIGIN = "ledger.example/district"
LOG = SigningKey(ORIGIN, 0x01, sha256(b"log").digest())
OTHER = SigningKey(ORIGIN, 0x01, sha256(b"other").digest())
WITNESS = SigningKey("witness.example/state", COSIGNATURE, sha256(b"witness").digest())
AT = 1_763_985_600
# These bytes are what everybody out there will check: no later change may alter them.
GOLDEN_PROOF = """\
c2sp.org/tlog-proof@v1
index 3
1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=
d1khpOQo1XaJVe5EDIHRk5YGQcOlssH3GRb86+KF4sU=
pKkuAT4MKHg6pd8NU0jTfpmQLyXULa/FyfI4W5pqOW0=

ledger.example/district
7
XPaQaHDejBknG7MAjUxuvFeCmcf36Lo5uFifm1onKro=

"""


def checkpoint(count: int = 7) -> tuple[str, list[bytes]]:
    """A signed checkpoint over so many leaves."""
    hashes = leaves(count)
    text = Checkpoint(ORIGIN, count, tiles_of(hashes).edge.root).text()
    return str(Note(text, (LOG.sign(text), WITNESS.sign(text, AT)))), hashes


def proof_of(index: int, count: int = 7) -> str:
    note, hashes = checkpoint(count)
    tiles = tiles_of(hashes)
    return str(Proof(index, tuple(inclusion_proof(index, count, tiles.read)), note))


def test_a_note_of_go_is_read_and_written_as_go_does() -> None:
    key, secret = VerifierKey.parse(GO_PUBLIC), SigningKey.parse(GO_SECRET)
    note = Note.parse(GO_NOTE)
    assert secret.verifier == key
    assert note.signers([key]) == [key]
    assert str(Note(note.text, (secret.sign(note.text),))) == GO_NOTE
    assert (str(key), secret.secret_text()) == (GO_PUBLIC, GO_SECRET)
    assert str(VerifierKey.parse(GO_SUM)) == GO_SUM


def test_a_published_cosigned_checkpoint_is_read() -> None:
    note = Note.parse(COSIGNED)
    assert str(note) == COSIGNED
    assert Checkpoint.parse(note.text).size == 20_852_163
    assert cosigned_at(note.lines[1].signature) == 1_679_315_147


def test_a_checkpoint_is_opened_by_the_key_of_its_log_and_by_no_other() -> None:
    note, hashes = checkpoint()
    opened = open_checkpoint(note, [LOG.verifier])
    assert opened == Checkpoint(ORIGIN, 7, tiles_of(hashes).edge.root)
    for keys in ([], [OTHER.verifier], [WITNESS.verifier]):
        with pytest.raises(NoteError, match="no key"):
            open_checkpoint(note, keys)


def test_a_witness_says_when_it_has_signed_and_signs_that_too() -> None:
    text = Checkpoint(ORIGIN, 0, sha256(b"").digest()).text()
    line = WITNESS.sign(text, AT)
    assert cosigned_at(line.signature) == AT
    assert WITNESS.verifier.verifies(text, line.signature)
    assert not WITNESS.verifier.verifies(text, b"\x00" + line.signature[1:-1] + b"\x00")
    assert not WITNESS.verifier.verifies(text, line.signature[:7] + b"\xff" + line.signature[8:])
    assert not WITNESS.verifier.verifies(text, b"short")
    assert VerifierKey.parse(str(WITNESS.verifier)) == WITNESS.verifier


def test_signatures_of_unknown_keys_and_kinds_are_passed_over() -> None:
    note, _ = checkpoint()
    unknown = "— post-quantum.example " + "QUJDREVGR0g=" + "\n"
    assert open_checkpoint(note + unknown, [LOG.verifier]).size == 7


def test_a_known_key_that_has_not_signed_spoils_the_note() -> None:
    note, _ = checkpoint()
    parsed = Note.parse(note)
    forged = parsed.lines[0]._replace(signature=bytes(64))
    with pytest.raises(NoteError, match="not one of this text"):
        open_checkpoint(str(Note(parsed.text, (*parsed.lines, forged))), [LOG.verifier])


def test_a_proof_is_written_as_the_specification_says() -> None:
    written = proof_of(3)
    head, _, signatures = written.rpartition("\n\n")
    assert head + "\n\n" == GOLDEN_PROOF
    assert [line.split(" ")[1] for line in signatures.splitlines()] == [ORIGIN, WITNESS.name]


@given(st.integers(1, 40), st.data())
def test_every_proof_is_read_as_written_and_holds_for_its_leaf_alone(
    count: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, count - 1))
    extra = data.draw(st.none() | st.binary(min_size=1, max_size=40))
    note, hashes = checkpoint(count)
    steps = tuple(inclusion_proof(index, count, tiles_of(hashes).read))
    written = str(Proof(index, steps, note, extra))
    proof = Proof.parse(written)
    assert (str(proof), proof.index, proof.extra) == (written, index, extra)
    assert proof.check(hashes[index], [LOG.verifier]).size == count
    for other in set(range(count)) - {index}:
        with pytest.raises(NoteError):
            proof.check(hashes[other], [LOG.verifier])


def test_no_byte_of_a_proof_can_be_changed_that_anybody_relies_on() -> None:
    """Every byte up to the end of the log's signature line, in several ways each."""
    written = proof_of(3).encode()
    leaf = leaves(7)[3]
    relied_on = written.index(f"— {WITNESS.name}".encode())
    assert Proof.parse(written.decode()).check(leaf, [LOG.verifier])
    dice = random.Random(20_251_124)
    for at in range(relied_on):
        others = {written[at] ^ 1 << bit for bit in range(8)} | {10, 32, dice.randrange(256)}
        for other in others - {written[at]}:
            changed = written[:at] + bytes([other]) + written[at + 1 :]
            assert not holds(changed, leaf), (at, other)
        assert not holds(written[:at] + written[at + 1 :], leaf), at
        assert not holds(written[:at] + b"A" + written[at:], leaf), at
        assert not holds(written[:at], leaf), at


def holds(written: bytes, leaf: bytes) -> bool:
    try:
        Proof.parse(written.decode()).check(leaf, [LOG.verifier])
    except (NoteError, UnicodeDecodeError):
        return False
    return True


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name QUJDRA==\n",  # a key id and nothing signed
        "text\n\n— na+me QUJDREU=\n",
        "text\n\n-- name QUJDREU=\n",
        "text\n\n— name QUJDREV=\n",  # another spelling of the same bytes
        "te\rxt\n\n— name QUJDREU=\n",
        "te\ud800xt\n\n— name QUJDREU=\n",
        "text\n\n— name QUJDREU=",
        "text\n\n" + "— name QUJDREU=\n" * 101,
        "x" * 1_000_001,
    ],
)
def test_what_is_not_a_note_is_refused(written: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(written)


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        "origin\n7\n",
        f"origin\n07\n{ROOT}\n",
        f"origin\n-7\n{ROOT}\n",
        f"\n7\n{ROOT}\n",
        "origin\n7\nQUJD\n",
        f"origin\n7\n{ROOT}\n\nmore\n",
        f"origin\n7\n {ROOT}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_further_lines_of_a_checkpoint_mean_nothing_here() -> None:
    assert Checkpoint.parse(f"origin\n7\n{ROOT}\nmore\n").size == 7


@pytest.mark.parametrize(
    "written",
    [
        "",
        "name+00000000",
        GO_PUBLIC[:-4],
        GO_PUBLIC.replace("c74f20a3", "c74f20a4"),
        "a" + GO_SECRET,
    ],
)
def test_what_is_not_a_key_is_refused(written: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(written)
    with pytest.raises(NoteError):
        SigningKey.parse(written)


def test_a_secret_key_shows_itself_nowhere_by_accident() -> None:
    assert GO_SECRET[-20:] not in repr(SigningKey.parse(GO_SECRET))
    with pytest.raises(NoteError) as refusal:
        SigningKey.parse(GO_SECRET[:-4] + "AAAA")
    assert GO_SECRET[-20:-4] not in str(refusal.value)
    with pytest.raises(NoteError):
        SigningKey.new("a name")
