"""Records from elsewhere: what they show, and every attack that has to end in one clear refusal."""

from __future__ import annotations

import hmac
import io
import json
import socket
import struct
import zipfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from ledger.records import received, shapes
from ledger.records.documents import RecordError
from ledger.records.identities import Identity
from ledger.records.issuers import IssuerKey, did_web, issuer_document
from ledger.records.processor import Processor
from ledger.records.proofs import with_proof
from ledger.records.received import (
    address_of,
    came_along,
    checked,
    host_of,
    needed,
)
from ledger.records.received_files import (
    BUNDLE_BYTES_MAX,
    TRANSCRIPT_BYTES_MAX,
    read_file,
    strict_json,
)
from ledger.records.received_items import Checked, Known
from ledger.records.status import encoded
from ledger.records.tokens import as_token
from tests.records.received import (
    AT,
    LIST_URL,
    SELF_ISSUED,
    award,
    bundle,
    known,
    listed,
    picture,
    poison,
    sealed,
    self_issued,
    text,
    transcript,
    twins,
)
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    OTHER_PROOF_KEY,
    SIGNED_AT,
    TOKEN,
    TOKEN_KEY,
    changed,
    signed,
)

HERE = Path(__file__).parent
NOTHING_KNOWN = Known()
TOKEN_TEXT = as_token(award(1), TOKEN_KEY, TOKEN.method(ISSUER_ID))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a socket here fails, whatever library it hides in."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a record made a network request")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def award_of(number: int) -> dict[str, Any]:
    """An award that shares no salt with another."""
    identity = Identity("emailAddress", "ada@district.example", bytes([number]) * 16)
    return award(number, identities=(identity,))


def check(content: bytes, others: Known | None = None, at: datetime = AT) -> Checked:
    return checked(read_file(content), known() if others is None else others, at)


def refusal(content: bytes, others: Known | None = None) -> str:
    with pytest.raises(RecordError) as refused:
        check(content, others)
    return refused.value.slug


@pytest.mark.parametrize(
    ("content", "carrier"),
    [
        (text(award(1)), "json"),
        (TOKEN_TEXT.encode(), "token"),
        (picture(text(award(1)), b"openbadgecredential"), "png"),
        (picture(TOKEN_TEXT.encode(), b"openbadgecredential", compressed=True), "png"),
        (bundle(award__json=text(award(1)), award__jwt=TOKEN_TEXT.encode()), "bundle"),
    ],
    ids=["json", "token", "picture", "picture-packed", "bundle"],
)
def test_an_award_is_read_in_every_form_it_comes_in(content: bytes, carrier: str) -> None:
    assert read_file(content).carrier == carrier
    found = check(content)
    (item,) = found.items
    assert (found.kind, found.standing, found.reason) == ("open_badge_3", "verified", None)
    assert (item.issuer_id, item.issuer_name) == (ISSUER_ID, "District Example")
    assert item.title == "Wait time in discussions"
    assert item.awarded_at == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    assert (item.standing, item.source, item.status) == ("verified", "fetched", "active")
    assert item.method in {METHOD, TOKEN.method(ISSUER_ID)}


def test_an_award_that_nobody_could_check_is_kept_as_what_its_holder_says() -> None:
    (item,) = check(text(award(1)), NOTHING_KNOWN).items
    assert (item.standing, item.reason) == ("unverified", "issuer-not-reachable")
    assert (item.status, item.status_reason) == ("unknown", "status-list-not-reachable")


def test_an_award_without_a_proof_is_what_its_holder_says() -> None:
    unsigned = {name: value for name, value in award(1).items() if name != "proof"}
    found = check(text(unsigned))
    assert (found.standing, found.reason) == ("unverified", "proof-missing")


def test_a_key_that_is_its_own_issuer_proves_that_and_nothing_about_the_host() -> None:
    (item,) = check(text(self_issued(award(1))), NOTHING_KNOWN).items
    assert (item.issuer_id, item.standing, item.source) == (SELF_ISSUED, "verified", "self")
    assert item.status == "unlisted"


def test_documents_that_came_along_are_used_and_named_as_such() -> None:
    content = bundle(
        clr__json=text(sealed(transcript(award(1), award(2)))),
        one__json=text(award(1)),
        did__json=text(ISSUER),
        status__json=text(listed(1_002)),
        readme__txt=b"not read",
    )
    received = read_file(content)
    found = checked(received, came_along(received), AT)
    assert found.kind == "learner_record_2"
    assert [(one.source, one.status, one.status_reason) for one in found.items] == [
        ("came_along", "active", "list-came-along"),
        ("came_along", "revoked", None),
    ]


def test_every_award_of_a_transcript_is_checked_by_itself() -> None:
    """A good proof around a forged award says nothing of the award."""
    forged = changed(award(2), ("credentialSubject", "achievement", "name"), lambda _: "Other")
    assert refusal(text(sealed(transcript(award(1), forged)))) == "record-proof-refused"
    whole = sealed(transcript(award(1), award(2)))
    assert [one.standing for one in check(text(whole)).items] == ["verified", "verified"]
    outside = changed(whole, ("name",), lambda _: "Other")
    assert refusal(text(outside)) == "record-proof-refused"


def test_awards_of_one_shape_are_worked_out_once_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked_out: list[int] = []
    to_rdf = Processor.to_rdf
    monkeypatch.setattr(Processor, "to_rdf", lambda *each: worked_out.append(1) or to_rdf(*each))
    files = [text(sealed(transcript(*map(award_of, range(count))))) for count in (6, 12)]
    counts = []
    for file in files:
        shapes.forget()
        worked_out.clear()
        assert {one.standing for one in check(file).items} == {"verified"}
        counts.append(len(worked_out))
    assert counts[0] == counts[1]


AWARD = award(0)


def bare(number: int, **members: Any) -> dict[str, Any]:
    """An award of the holder that all have, not signed."""
    unsigned = {name: value for name, value in AWARD.items() if name != "proof"}
    return {**unsigned, "id": f"urn:award:{number}", **members}


def test_a_transcript_of_as_many_awards_as_there_may_be_is_checked() -> None:
    shapes.forget()
    file = json.dumps(transcript(*map(bare, range(199))), separators=(",", ":")).encode()
    assert len(file) > TRANSCRIPT_BYTES_MAX * 0.85
    assert len(check(file).items) == 199


def test_a_transcript_in_which_nothing_is_like_anything_else_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its parts were worked out one by one, which took two seconds of the processor's time."""
    worked_out: list[int] = []
    to_rdf = Processor.to_rdf

    def counted(processor: Processor, document: Any, options: Any) -> Any:
        worked_out.append(parts_of(document))
        return to_rdf(processor, document, options)

    monkeypatch.setattr(Processor, "to_rdf", counted)
    words = [[f"{number}.{word}" for word in range(300 + number)] for number in range(60)]
    unlike = [{"type": ["Evidence"], "name": each} for each in words]
    file = transcript(*(bare(number, evidence=[one]) for number, one in enumerate(unlike)))
    shapes.forget()
    assert refusal(json.dumps(file, separators=(",", ":")).encode()) == "record-too-complex"
    assert sum(worked_out) < 40_000


def parts_of(document: Any) -> int:
    inside = document.values() if isinstance(document, dict) else document
    return 1 + sum(map(parts_of, inside)) if isinstance(document, dict | list) else 1


def test_a_list_is_checked_once_for_all_the_awards_that_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proofs: list[int] = []
    prove = received.proven
    monkeypatch.setattr(received, "proven", lambda *each: proofs.append(1) or prove(*each))
    check(text(sealed(transcript(*map(award_of, range(5))))))
    assert len(proofs) == 1 + 5 + 1


def test_an_award_of_somebody_else_in_a_transcript_is_told_apart() -> None:
    found = check(text(sealed(transcript(award(1), self_issued(award(2))))))
    assert [one.issuer_id for one in found.items] == [ISSUER_ID, SELF_ISSUED]


def test_an_award_that_is_in_a_transcript_twice_is_refused() -> None:
    assert refusal(text(sealed(transcript(award(1), award(1))))) == "record-ambiguous"


def test_what_a_status_list_says_is_the_third_answer() -> None:
    status = {
        name: check(text(award(1)), others).items[0]
        for name, others in {
            "revoked": known(1_001),
            "active": known(1_000, 1_002),
            "unknown": Known({ISSUER_ID: ("fetched", ISSUER)}),
            "outdated": Known(
                {ISSUER_ID: ("fetched", ISSUER)},
                {LIST_URL: ("fetched", listed(valid_until=SIGNED_AT.replace(day=21)))},
            ),
        }.items()
    }
    found = {name: (item.status, item.status_reason) for name, item in status.items()}
    assert found == {
        "revoked": ("revoked", None),
        "active": ("active", None),
        "unknown": ("unknown", "status-list-not-reachable"),
        "outdated": ("unknown", "status-list-outdated"),
    }
    assert {item.standing for item in status.values()} == {"verified"}


def listed_once(part: Any, path: tuple[str, ...]) -> Any:
    """The same record, as JSON-LD may write it too: one value with a list around it."""
    unsigned = {name: value for name, value in part.items() if name != "proof"}
    return sealed(changed(unsigned, path, lambda value: [value]))


@pytest.mark.parametrize(
    "path",
    [
        ("credentialStatus",),
        ("credentialStatus", "type"),
        ("credentialStatus", "statusPurpose"),
        ("credentialStatus", "statusListIndex"),
        ("credentialStatus", "statusListCredential"),
        ("credentialSubject",),
        ("credentialSubject", "achievement"),
        ("credentialSubject", "achievement", "name"),
        ("issuer",),
        ("issuer", "name"),
        ("validFrom",),
    ],
    ids="/".join,
)
def test_one_value_in_a_list_is_that_value(path: tuple[str, ...]) -> None:
    plain, [found] = (
        check(text(award(1)), known(1_001)),
        check(text(listed_once(award(1), path)), known(1_001)).items,
    )
    assert found == plain.items[0]
    assert found.status == "revoked"


@pytest.mark.parametrize(
    "path",
    [
        ("issuer",),
        ("credentialSubject",),
        ("credentialSubject", "type"),
        ("credentialSubject", "statusPurpose"),
        ("credentialSubject", "encodedList"),
    ],
    ids="/".join,
)
def test_one_value_of_a_status_list_may_stand_in_a_list(path: tuple[str, ...]) -> None:
    signed_list = listed_once(listed(1_001), path)
    others = Known({ISSUER_ID: ("fetched", ISSUER)}, {LIST_URL: ("fetched", signed_list)})
    assert check(text(award(1)), others).items[0].status == "revoked"


def test_a_status_list_may_come_as_a_token() -> None:
    unsigned = {name: value for name, value in listed(1_001).items() if name != "proof"}
    token = as_token(unsigned, TOKEN_KEY, TOKEN.method(ISSUER_ID))
    others = Known({ISSUER_ID: ("fetched", ISSUER)}, {LIST_URL: ("fetched", token)})
    assert check(text(award(1)), others).items[0].status == "revoked"


@pytest.mark.parametrize(("ahead", "status"), [(-1, "active"), (5, "active"), (6, "unknown")])
def test_a_list_signed_while_it_was_asked_for_is_believed(ahead: int, status: str) -> None:
    """Two honest clocks are minutes apart at most, and what is asked for is signed afterwards."""
    at = datetime(2026, 11, 21, tzinfo=UTC)
    fresh = listed(valid_from=at + timedelta(minutes=ahead))
    others = Known({ISSUER_ID: ("fetched", ISSUER)}, {LIST_URL: ("fetched", fresh)})
    assert check(text(award(1)), others, at=at).items[0].status == status


def test_a_forged_status_list_is_refused() -> None:
    path = ("credentialSubject", "encodedList")
    forged = changed(listed(1_001), path, lambda _: encoded([]))
    others = Known({ISSUER_ID: ("fetched", ISSUER)}, {LIST_URL: ("fetched", forged)})
    assert refusal(text(award(1)), others) == "status-list-refused"


def test_what_ended_is_expired_and_what_has_not_begun_is_refused() -> None:
    (item,) = check(text(award(1)), at=datetime(2031, 11, 20, tzinfo=UTC)).items
    assert (item.status, item.standing) == ("expired", "verified")
    with pytest.raises(RecordError) as refused:
        check(text(award(1)), at=datetime(2026, 11, 19, tzinfo=UTC))
    assert refused.value.slug == "record-not-yet-valid"


def test_what_has_to_be_asked_for_is_named_before_anything_is_asked() -> None:
    found = needed(read_file(text(sealed(transcript(award(1), self_issued(award(2)))))))
    assert found.issuers == {ISSUER_ID: "https://records.district.example/.well-known/did.json"}
    assert found.lists == (LIST_URL,)


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        (did_web("a.example", "b", "c"), "https://a.example/b/c/did.json"),
        (did_web("a.example:8443"), "https://a.example:8443/.well-known/did.json"),
        ("https://a.example/issuers/7", "https://a.example/issuers/7"),
        (SELF_ISSUED, None),
        ("did:web:", None),
        ("urn:uuid:7", None),
        ("file:///etc/passwd", None),
        ("http://a.example/", None),
    ],
)
def test_only_secure_addresses_are_ever_named(issuer: str, address: str | None) -> None:
    assert address_of(issuer) == address


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://a.example/x", "a.example"),
        ("https://a.example:443/x", "a.example"),
        ("https://a.example:8443/x", "a.example:8443"),
        ("https://user@a.example/", None),
        ("http://a.example/", None),
        ("file:///etc/passwd", None),
        ("https://[::1", None),
    ],
)
def test_a_host_is_named_where_it_may_be_asked(address: str, host: str | None) -> None:
    assert host_of(address) == host


def _token(header: dict[str, Any], payload: bytes, signature: bytes = b"x") -> bytes:
    parts = (json.dumps(header).encode(), payload, signature)
    return b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)


PAYLOAD = text(award(1))
FORGED = _token({"alg": "none", "kid": TOKEN.method(ISSUER_ID), "typ": "JWT"}, PAYLOAD)
OWN_KEY = ECKey.generate_key("P-256")
STRANGER = IssuerKey(OTHER_PROOF_KEY.public_key())


def _signed_by_its_own_header() -> bytes:
    header = {"alg": "ES256", "typ": "JWT", "jwk": OWN_KEY.as_dict(private=False)}
    return jws.serialize_compact(header, PAYLOAD, OWN_KEY).encode()


def _signed_by_a_public_key_as_if_it_were_a_secret() -> bytes:
    header = {"alg": "HS256", "kid": TOKEN.method(ISSUER_ID), "typ": "JWT"}
    unsigned = _token(header, PAYLOAD).rpartition(b".")[0]
    signature = hmac.digest(TOKEN_KEY.as_pem(private=False), unsigned, "sha256")
    return _token(header, PAYLOAD, signature)


def _signed_under(**header: Any) -> bytes:
    """By the issuer's own key, under a header that says where a key is to be had, or another."""
    known = {"alg": "ES256", "kid": TOKEN.method(ISSUER_ID), "typ": "JWT"}
    payload = urlsafe_b64decode(TOKEN_TEXT.split(".")[1] + "==")
    return jws.serialize_compact(known | header, payload, TOKEN_KEY).encode()


ELSEWHERE = "https://evil.example/keys.json"
KEY_ELSEWHERE = {"jku": ELSEWHERE, "x5u": ELSEWHERE, "x5c": ["TUlJ"], "x5t": "eA"}
KEYS_OF_NOBODY = (
    "../../../etc/passwd",
    "file:///etc/passwd",
    ELSEWHERE,
    "did:web:evil.example#key-1",
    f"{ISSUER_ID}%2F..%2F..%2Fetc#passwd",
    f"{ISSUER_ID}/../other#key-1",
    f"{ISSUER_ID}#../../etc/passwd",
    f"{ISSUER_ID}#",
    ISSUER_ID,
    "",
)


def _with_context(context: Any) -> bytes:
    return text({**award(1), "@context": context})


def _deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def _damaged_zip(method: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("award.json", text(award(1)))
    packed = content.getvalue()
    return packed[:50] + b"\xff" * 100 + packed[150:]


def _far_zip() -> bytes:
    """Its directory says that the file begins further away than any file is long."""
    packed = bytearray(bundle(award__json=text(award(1))))
    entry, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    far = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    struct.pack_into("<H", packed, entry + 30, len(far))
    struct.pack_into("<L", packed, entry + 42, 2**32 - 1)  # look beside
    struct.pack_into("<L", packed, end + 12, end + len(far) - entry)
    return bytes(packed[:end] + far + packed[end:])


def _by_address(name: str) -> bytes:
    """An award that calls a part by what its word stands for: a signature is over that alone."""
    address = f"https://www.w3.org/2018/credentials#{name}"
    return text({address if one == name else one: value for one, value in award(1).items()})


ATTACKS: dict[str, tuple[bytes, str]] = {
    "status that nobody looks for": (_by_address("credentialStatus"), "record-term-undefined"),
    "lines inside of a language": (
        text({**award(1), "name": {"@value": "x", "@language": 'en .\n<urn:a> <urn:b> "c"@en'}}),
        "record-term-undefined",
    ),
    "no language": (
        text({**award(1), "name": {"@value": "x", "@language": ""}}),
        "record-term-undefined",
    ),
    "type of words": (
        text({**award(1), "name": {"@value": "x", "type": "urn:x>"}}),
        "record-term-undefined",
    ),
    "poison graph": (text(poison()), "record-term-undefined"),
    "twins": (text(twins()), "record-too-complex"),
    "undefined term": (text({**award(1), "salary": "high"}), "record-term-undefined"),
    "relative address": (text({**award(1), "type": [*award(1)["type"], "Other"]}), ""),
    "context elsewhere": (_with_context(["https://evil.example/c"]), "record-context-unknown"),
    "context inside": (_with_context([{"name": "https://e.example/n"}]), "record-context-unknown"),
    "metadata service": (
        _with_context(["http://169.254.169.254/latest"]),
        "record-context-unknown",
    ),
    "member twice": (text(award(1))[:-1] + b',"type":["X"]}', "record-ambiguous"),
    "member twice inside": (
        text(award(1)).replace(b'"achievement":', b'"achievement":1,"achievement":'),
        "record-ambiguous",
    ),
    "not a number": (text(award(1))[:-1] + b',"x":NaN}', "record-unreadable"),
    "half a character": (text({**award(1), "name": "\ud800"}), "record-unusable"),
    "half a character beside the award": (
        bundle(a__json=text(award(1)), did__json=rb'{"verificationMethod":["\ud800"]}'),
        "record-unusable",
    ),
    "number beyond all bounds": (text(award(1))[:-1] + b',"x":1e999}', "record-unusable"),
    "too long": (b"{" + b" " * TRANSCRIPT_BYTES_MAX, "record-too-large"),
    "one award too long": (text({**award(1), "name": "x" * 262_144}), "record-too-large"),
    "too deep": (_deep(60), "record-too-large"),
    "far too deep": (_deep(100_000), "record-unreadable"),
    "too many parts": (b'{"a":[' + b"1," * 50_000 + b"1]}", "record-too-large"),
    "algorithm none": (FORGED, "record-proof-refused"),
    "algorithm hidden": (
        _token({"alg": "NoNe", "kid": "x", "typ": "JWT"}, PAYLOAD),
        "record-proof-refused",
    ),
    "no signature": (FORGED.rpartition(b".")[0] + b".", "record-unreadable"),
    "key in the header": (_signed_by_its_own_header(), "record-proof-refused"),
    "public key as secret": (
        _signed_by_a_public_key_as_if_it_were_a_secret(),
        "record-proof-refused",
    ),
    "header twice": (
        b".".join(
            [
                urlsafe_b64encode(b'{"alg":"ES256","alg":"none"}').rstrip(b"="),
                TOKEN_TEXT.encode().partition(b".")[2],
            ]
        ),
        "record-ambiguous",
    ),
    "token changed": (
        TOKEN_TEXT[:-8].encode() + (b"A" * 8),
        "record-proof-refused",
    ),
    "token of 16 kB": (b"A" * 16_384 + b".A.A", "record-unreadable"),
    "picture without a record": (picture(b"{}", b"Comment"), "record-ambiguous"),
    "picture with two records": (
        picture(text(award(1)), b"openbadgecredential", b"openbadges"),
        "record-ambiguous",
    ),
    "picture that unpacks for ever": (
        picture(b"{" + b" " * 4_000_000, b"openbadgecredential", compressed=True),
        "record-too-large",
    ),
    "picture cut off": (picture(text(award(1)), b"openbadgecredential")[:200], "record-unreadable"),
    "zip that unpacks for ever": (
        bundle(**{f"a{n}__json": b" " * 1_000_000 + b"{}" for n in range(12)}),
        "record-too-large",
    ),
    "zip of many": (bundle(**{f"a{n}": b"" for n in range(1_001)}), "record-too-large"),
    "zip cut off": (bundle(a__json=text(award(1)))[:-30], "record-unreadable"),
    **{
        f"zip damaged in packing {method}": (_damaged_zip(method), "record-unreadable")
        for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    },
    "zip of a file far away": (_far_zip(), "record-unreadable"),
    "zip of two awards": (
        bundle(a__json=text(award(1)), b__json=text(award(2))),
        "record-ambiguous",
    ),
    "zip too long": (b"PK\x03\x04" + bytes(BUNDLE_BYTES_MAX), "record-too-large"),
    "nothing": (b"", "record-unreadable"),
    "binary": (b"\xff\xfe\x00", "record-unreadable"),
    "a number": (b"7", "record-unreadable"),
    "something else": (b'{"type":"Person"}', "record-unreadable"),
    "award of nothing": (
        text({**award(1), "credentialSubject": {"type": ["AchievementSubject"]}}),
        "record-unreadable",
    ),
    "transcript in a transcript": (
        text(sealed(transcript(sealed(transcript(award(1)))))),
        "record-unreadable",
    ),
    "transcript of nothing": (text(transcript()), ""),
    "token of a transcript of nothing": (
        as_token(transcript(), TOKEN_KEY, TOKEN.method(ISSUER_ID)).encode(),
        "record-unreadable",
    ),
    "empty parts": (text({**award(1), "evidence": []}), "record-term-undefined"),
    "null": (text({**award(1), "name": None}), "record-term-undefined"),
    "key of another": (
        text(
            {
                **award(1),
                "proof": [{**award(1)["proof"][0], "verificationMethod": STRANGER.method("x")}],
            }
        ),
        "record-key-unusable",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_one_clear_refusal(name: str) -> None:
    content, slug = ATTACKS[name]
    assert refusal(content) == (slug or refusal(content))


@pytest.mark.parametrize("name", KEY_ELSEWHERE)
def test_a_token_that_says_where_its_key_is_to_be_had_is_refused_unasked(name: str) -> None:
    """Even where the issuer's own key signed it, and before anybody was asked for anything."""
    content = _signed_under(**{name: KEY_ELSEWHERE[name]})
    assert refusal(content) == "record-proof-refused"
    assert refusal(content, NOTHING_KNOWN) == "record-proof-refused"


@pytest.mark.parametrize("key_id", KEYS_OF_NOBODY)
def test_a_token_is_proved_by_a_key_of_its_issuers_document_and_by_no_other(key_id: str) -> None:
    """The name of a key is compared and never followed: it is no path and no address to us."""
    check(_signed_under())  # by its own name the same key is taken
    assert refusal(_signed_under(kid=key_id)) == "record-key-unusable"


def test_a_forged_award_is_refused_with_the_issuer_and_without() -> None:
    """Poison, undefined words and double members are refused before anybody was asked."""
    for name in (
        "poison graph",
        "twins",
        "undefined term",
        "member twice",
        "context elsewhere",
        "algorithm none",
        "public key as secret",
        "key in the header",
    ):
        content, slug = ATTACKS[name]
        assert refusal(content, NOTHING_KNOWN) == slug


def test_a_document_of_another_issuer_proves_nothing() -> None:
    theirs = issuer_document("did:web:evil.example", [IssuerKey(OTHER_PROOF_KEY.public_key())])
    others = Known({ISSUER_ID: ("came_along", theirs)})
    assert refusal(text(award(1)), others) == "record-key-unusable"


def test_a_document_that_was_made_up_is_named_as_come_along() -> None:
    """Whoever forges both award and issuer passes the proof, so the answer says whose key it is."""
    key = IssuerKey(OTHER_PROOF_KEY.public_key())
    unsigned = {name: value for name, value in award(1).items() if name != "proof"}
    forged = with_proof(unsigned, OTHER_PROOF_KEY.sign, key.method(ISSUER_ID), SIGNED_AT)
    made_up = issuer_document(ISSUER_ID, [key])
    content = bundle(award__json=text(forged), did__json=text(made_up))
    received = read_file(content)
    (item,) = checked(received, came_along(received), AT).items
    assert (item.standing, item.source, item.method) == (
        "verified",
        "came_along",
        key.method(ISSUER_ID),
    )
    assert refusal(text(forged)) == "record-key-unusable"


OLDER: dict[str, Any] = {
    "@context": "https://w3id.org/openbadges/v2",
    "id": "https://old.example/assertions/1",
    "type": "Assertion",
    "recipient": {"type": "email", "hashed": False, "identity": "ada@district.example"},
    "issuedOn": "2019-05-01T00:00:00Z",
    "verification": {"type": "hosted"},
    "badge": {
        "type": "BadgeClass",
        "id": "https://old.example/badges/1",
        "name": "Old badge",
        "issuer": {"type": "Issuer", "id": "https://old.example/issuer", "name": "Old"},
    },
}


def test_an_older_badge_is_what_its_holder_says_unless_its_issuer_hosts_the_same() -> None:
    (item,) = check(text(OLDER), NOTHING_KNOWN).items
    assert (item.standing, item.reason, item.status) == (
        "unverified",
        "issuer-not-reachable",
        "unknown",
    )
    assert needed(read_file(text(OLDER))).hosted == ("https://old.example/assertions/1",)
    hosted = Known(hosted={OLDER["id"]: OLDER})
    (item,) = check(text(OLDER), hosted).items
    assert (item.title, item.issuer_id) == ("Old badge", "https://old.example/issuer")
    assert (item.standing, item.status) == ("verified", "active")
    revoked = Known(hosted={OLDER["id"]: {**OLDER, "revoked": True}})
    assert check(text(OLDER), revoked).items[0].status == "revoked"


def test_an_older_badge_that_its_issuer_hosts_otherwise_is_refused() -> None:
    hosted = Known(hosted={OLDER["id"]: {**OLDER, "issuedOn": "2020-05-01T00:00:00Z"}})
    assert refusal(text(OLDER), hosted) == "record-unusable"


def test_an_older_badge_of_one_host_says_nothing_for_an_issuer_at_another() -> None:
    badge = {**OLDER["badge"], "issuer": {"id": "https://famous.example/", "name": "Famous"}}
    forged = {**OLDER, "badge": badge}
    hosted = Known(hosted={OLDER["id"]: forged})
    assert check(text(forged), hosted).items[0].standing == "unverified"


def test_samples_of_the_public_validator_are_read_as_it_reads_them() -> None:
    sample = (HERE / "vectors/ob30_simple.json").read_bytes()
    assert check(sample, NOTHING_KNOWN).reason == "issuer-not-reachable"
    transcript_ = (HERE / "vectors/clr20_simple.json").read_bytes()
    assert len(check(transcript_, NOTHING_KNOWN).items) == 1


@given(st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_a_refusal(content: bytes) -> None:
    for whole in (content, b"PK\x03\x04" + content, b"\x89PNG\r\n\x1a\n" + content, b"{" + content):
        with pytest.raises(RecordError):
            check(whole, NOTHING_KNOWN)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*signed(), "achievement", "id", "type"]), inner)
        ),
        max_leaves=8,
    ),
    st.sampled_from(sorted(signed())),
)
def test_no_value_anywhere_ends_in_anything_but_an_answer_or_a_refusal(
    value: Any, name: str
) -> None:
    with suppress(RecordError):
        check(text({**award(1), name: value}))


def test_json_is_read_as_it_is_written() -> None:
    assert strict_json('{"a": [1, "b", {"c": true}]}') == {"a": [1, "b", {"c": True}]}
