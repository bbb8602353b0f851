"""Open Badges 2.0 that their issuer signed: by a key in its own profile, and by no other."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import RSAKey

from ledger.records.badges2 import method_of
from ledger.records.documents import RecordError
from ledger.records.received import came_along, checked, labels_of, needed
from ledger.records.received_files import read_file
from ledger.records.received_items import Item, Known
from tests.records.received import AT, bundle, picture, text

HERE = "https://old.example"
ISSUER, KEY, LIST = f"{HERE}/issuer", f"{HERE}/key", f"{HERE}/revoked"
PRIVATE = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)


def pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def profile(**changed: Any) -> dict[str, Any]:
    return {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Issuer",
        "id": ISSUER,
        "name": "Old Example",
        "publicKey": KEY,
        "revocationList": LIST,
        **changed,
    }


def key_document(key: rsa.RSAPrivateKey = PRIVATE, **changed: Any) -> dict[str, Any]:
    return {
        "type": "CryptographicKey",
        "id": KEY,
        "owner": ISSUER,
        "publicKeyPem": pem(key),
        **changed,
    }


def revoked(*badges: Any, **changed: Any) -> dict[str, Any]:
    list_ = {"type": "RevocationList", "id": LIST, "issuer": ISSUER}
    return {**list_, "revokedAssertions": list(badges), **changed}


def assertion(**changed: Any) -> dict[str, Any]:
    return {
        "@context": "https://w3id.org/openbadges/v2",
        "id": "urn:uuid:0e2e4dc7-6e2a-4a2b-9f2d-0c4a6a4d3c11",
        "type": "Assertion",
        "recipient": {"type": "email", "hashed": False, "identity": "ada@district.example"},
        "issuedOn": "2019-05-01T00:00:00Z",
        "verification": {"type": "SignedBadge", "creator": KEY},
        "badge": {"type": "BadgeClass", "id": f"{HERE}/b", "name": "Old badge", "issuer": ISSUER},
        **changed,
    }


def signed(key: rsa.RSAPrivateKey = PRIVATE, header: Any = None, **changed: Any) -> bytes:
    header = header or {"alg": "RS256"}
    return jws.serialize_compact(
        header, text(assertion(**changed)), RSAKey.import_key(key), algorithms=[header["alg"]]
    ).encode()


ANSWERED = {ISSUER: profile(), KEY: key_document(), LIST: revoked()}


def item(content: bytes, hosted: dict[str, Any] | None = None) -> Item:
    known = Known(hosted=ANSWERED if hosted is None else hosted)
    (found,) = checked(read_file(content), known, AT).items
    return found


def refusal(content: bytes, hosted: dict[str, Any] | None = None) -> str:
    with pytest.raises(RecordError) as refused:
        item(content, hosted)
    return refused.value.slug


def along(**files: bytes) -> Item:
    """What a bundle shows that brings everything itself."""
    received = read_file(bundle(**files))
    (found,) = checked(received, came_along(received), AT).items
    return found


def test_a_badge_that_its_issuer_signed_is_verified() -> None:
    for content in (signed(), picture(signed(), b"openbadges")):
        found = item(content)
        assert (found.standing, found.reason, found.source) == ("verified", None, "fetched")
        assert (found.title, found.issuer_id, found.status) == ("Old badge", ISSUER, "active")
        assert found.method == method_of(PRIVATE.public_key(), ISSUER)


def test_a_key_written_into_the_fetched_profile_is_as_good() -> None:
    hosted = {ISSUER: profile(publicKey=[key_document()]), LIST: revoked()}
    assert item(signed(), hosted).standing == "verified"
    assert item(signed(verification={"type": "signed"}), hosted).standing == "verified"


def test_what_is_asked_for_follows_from_what_was_answered() -> None:
    received = read_file(signed())
    assert needed(received).hosted == (ISSUER,)
    assert needed(received, Known(hosted=ANSWERED)).hosted == (ISSUER, KEY, LIST)
    outside = profile(publicKey="file:///etc/passwd", revocationList="http://169.254.169.254/")
    assert needed(received, Known(hosted={ISSUER: outside})).hosted == (ISSUER,)


def test_nobody_to_ask_leaves_what_its_holder_says() -> None:
    for hosted in ({}, {ISSUER: profile()}, {KEY: key_document()}):
        found = item(signed(), hosted)
        assert (found.standing, found.reason) == ("unverified", "issuer-not-reachable")


@pytest.mark.parametrize(
    ("content", "hosted", "slug"),
    [
        (signed(OTHER), {}, "record-proof-refused"),
        (signed(), {KEY: key_document(OTHER)}, "record-proof-refused"),
        (signed(), {KEY: key_document(SHORT)}, "record-key-unusable"),
        (signed(), {KEY: key_document(owner="https://evil.example/")}, "record-key-unusable"),
        (signed(), {KEY: key_document(publicKeyPem="no key")}, "record-key-unusable"),
        (signed(), {KEY: {}}, "record-key-unusable"),
        (signed(), {ISSUER: profile(publicKey=f"{HERE}/other")}, "record-key-unusable"),
        (signed(), {ISSUER: profile(id="https://evil.example/")}, "record-key-unusable"),
        (
            signed(verification={"type": "SignedBadge", "creator": f"{HERE}/mine"}),
            {f"{HERE}/mine": key_document(OTHER, id=f"{HERE}/mine")},
            "record-key-unusable",
        ),
        (
            signed(verification={"type": "signed"}),
            {ISSUER: profile(publicKey=[KEY, f"{HERE}/second"])},
            "record-key-unusable",
        ),
        (
            signed(header={"alg": "RS256", "jku": "https://evil.example"}),
            {},
            "record-proof-refused",
        ),
        (signed(issuedOn="2030-05-01T00:00:00Z"), {}, "record-not-yet-valid"),
    ],
)
def test_a_badge_that_its_issuer_did_not_sign_is_refused(
    content: bytes, hosted: dict[str, Any], slug: str
) -> None:
    assert refusal(content, {**ANSWERED, **hosted}) == slug


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512"])
def test_a_header_does_not_choose_how_it_is_checked(algorithm: str) -> None:
    """A public key is known to everybody, so as a secret it would prove anything."""
    parts = [json.dumps({"alg": algorithm}).encode(), text(assertion())]
    unsigned = b".".join(urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    signature = hmac.digest(pem(PRIVATE).encode(), unsigned, "sha256")
    forged = unsigned + b"." + urlsafe_b64encode(signature).rstrip(b"=")
    assert refusal(forged) == "record-proof-refused"


def test_every_change_of_a_signed_badge_is_refused() -> None:
    header, _, rest = signed().partition(b".")
    signature = rest.partition(b".")[2]
    for changed in ({"issuedOn": "2020-05-01T00:00:00Z"}, {"narrative": "More."}):
        words = {**assertion(), **changed}
        payload = urlsafe_b64encode(text(words)).rstrip(b"=")
        assert refusal(b".".join([header, payload, signature])) == "record-proof-refused"


def test_what_its_issuer_took_back_is_revoked() -> None:
    badge = assertion()["id"]
    for named in (badge, {"id": badge, "revocationReason": "error"}, {"uid": badge}):
        assert item(signed(), {**ANSWERED, LIST: revoked("x", named)}).status == "revoked"
    assert refusal(signed(), {**ANSWERED, LIST: revoked(badge, issuer="https://e.example")}) == (
        "status-list-refused"
    )
    without = {ISSUER: profile(), KEY: key_document()}
    found = item(signed(), without)
    assert (found.status, found.status_reason) == ("unknown", "status-list-not-reachable")
    bare = {name: value for name, value in profile().items() if name != "revocationList"}
    assert item(signed(), {**without, ISSUER: bare}).status == "unlisted"
    assert item(signed(expires="2020-05-01T00:00:00Z")).status == "expired"


def test_a_profile_inside_the_badge_proves_nothing() -> None:
    """Whoever signs with a key of her own could say whose it is."""
    own = {**profile(), "publicKey": key_document(OTHER)}
    content = signed(OTHER, badge={**assertion()["badge"], "issuer": own})
    assert item(content, {}).standing == "unverified"
    assert refusal(content) == "record-proof-refused"


def test_files_beside_a_signed_badge_are_used_and_named_as_such() -> None:
    files = {
        "badge__jwt": signed(),
        "issuer__json": text(profile()),
        "key__json": text(key_document()),
        "revoked__json": text(revoked()),
    }
    found = along(**files)
    assert (found.standing, found.source) == ("verified", "came_along")
    assert found.method == method_of(PRIVATE.public_key(), ISSUER)
    assert found.status == "unknown", "a list without a signature shows nothing good"
    files["revoked__json"] = text(revoked(assertion()["id"]))
    assert along(**files).status == "revoked"
    both = bundle(badge__jwt=signed(), badge__json=text(assertion()))
    assert read_file(both).token is not None


def test_what_a_badge_is_for_is_not_believed_from_a_file_beside_it() -> None:
    """No signature covers what a badge only names by its address."""
    content, address = signed(badge=f"{HERE}/b"), f"{HERE}/b"
    badge = {"@context": "x", "type": "BadgeClass", "id": address, "name": "Doctor"}
    files = {"badge__jwt": content, "key__json": text(key_document())}
    found = along(**files, issuer__json=text(profile()), b__json=text({**badge, "issuer": ISSUER}))
    assert (found.standing, found.title) == ("unverified", address)
    asked = needed(read_file(content), Known(hosted={address: {**badge, "issuer": ISSUER}}))
    assert asked.hosted == (address, ISSUER)
    answered = {**ANSWERED, address: {**badge, "issuer": ISSUER}}
    found = item(content, answered)
    assert (found.standing, found.title) == ("verified", "Doctor")
    assert labels_of(read_file(content))[0].title == address
