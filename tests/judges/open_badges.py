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
from openbadgeslib.verify import issuer_did_from_document, issuer_did_from_token

Question = dict[str, Any]


def downloading(question: Question) -> Callable[[str], bytes]:
    """What the addresses answer that a verifier may ask."""
    known = dict(question["Lists"])
    for issuer in question["Issuers"]:
        host, *path = issuer["id"].removeprefix("did:web:").split(":")
        known[f"https://{host}/{'/'.join(path) or '.well-known'}/did.json"] = json.dumps(issuer)

    def download(url: str) -> bytes:
        if url not in known:
            raise LibOpenBadgesException(f"{url} is not at hand")
        content: str = known[url]
        return content.encode()

    return download


def credential(question: Question) -> None:
    """An award with its proof inside."""
    document, download = question["Document"], downloading(question)
    verifier = OB3LdpVerifier.for_issuer_did(issuer_did_from_document(json.dumps(document)))
    verifier.verify(document, check_status=True, download=download)


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
    issuer_id = issuer_did_from_token(question["Token"])
    verifier = OB3Verifier.for_issuer_did(issuer_id, download=download)
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
