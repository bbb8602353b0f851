"""Judges records with openbadgeslib, in an environment of its own.

Reads one question a line, answers each with a line: yes or no. Nothing is fetched: whatever the
library asks for comes with the question.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from openbadgeslib import verify_badge
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier
from openbadgeslib.ob3.clr import bundled_clr_contexts
from openbadgeslib.ob3.did import resolve_verification_method
from openbadgeslib.ob3.ldp import verify_data_integrity_proof
from openbadgeslib.ob3.status import check_credential_status

Question = dict[str, Any]


def downloading(question: Question) -> Callable[[str], bytes]:
    """What the addresses answer that a verifier may ask."""
    issuer = question["Issuer"]
    host = issuer["id"].removeprefix("did:web:")
    known = {f"https://{host}/.well-known/did.json": json.dumps(issuer), **question["Lists"]}
    return lambda url: known[url].encode()


def credential(question: Question) -> None:
    """An award with its proof inside."""
    verifier = OB3LdpVerifier.for_issuer_did(question["Issuer"]["id"])
    download = downloading(question)
    verifier.verify(question["Document"], check_status=True, download=download)


def transcript(question: Question) -> None:
    """A transcript, and each award in it."""
    document = question["Document"]
    key = resolve_verification_method(
        document["proof"][0]["verificationMethod"], download=downloading(question)
    )
    verify_data_integrity_proof(document, key, extra_contexts=bundled_clr_contexts())
    for inside in document["credentialSubject"]["verifiableCredential"]:
        credential({**question, "Document": inside})


def token(question: Question) -> None:
    """An award as a token. With it the library would check the list by the issuer's first key."""
    download = downloading(question)
    verifier = OB3Verifier.for_issuer_did(question["Issuer"]["id"], download=download)
    check_credential_status(verifier.verify(question["Token"]), download, verify_list=True)


def picture(question: Question) -> None:
    """An award baked into a picture."""
    download = downloading(question)
    result = verify_badge(b64decode(question["Picture"]), resolve_did=True, download=download)
    if not result.valid:
        raise LibOpenBadgesException(result.reason)
    check_credential_status(result.credential, download, verify_list=True)


KINDS = {"credential": credential, "transcript": transcript, "token": token, "picture": picture}


def main() -> None:
    """Answer every question."""
    for line in sys.stdin:
        question = json.loads(line)
        try:
            KINDS[question["Kind"]](question)
            answer = "yes"
        except LibOpenBadgesException as refusal:
            sys.stderr.write(f"{refusal}\n")
            answer = "no"
        sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
