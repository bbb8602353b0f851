"""Every error the ledger raises on purpose, in one tree.

    LedgerError
    ├── InvalidError        422  the request cannot be understood or breaks a limit
    ├── NotSignedInError    401  nobody proved who is calling
    ├── ForbiddenError      403  the caller is known and may not do this
    ├── NotFoundError       404  not there, or not for this caller to know of
    ├── ErasedError         410  it was there, and was destroyed for good
    ├── RuleError           409  understood, but what has happened does not allow it
    │   └── ConflictError   409  somebody else acted first; read again and decide anew
    ├── PreconditionError   412  If-Match named a version that is no longer the newest
    └── UnavailableError    503  the outcome is unknown or nobody can act now; send it again

The class docstring is the title people read, `slug` the stable name machines read, the message
names the operands. A refusal leaves nothing behind. An `assert` elsewhere means a programmer or
the stored history is wrong; these classes mean a person asked for something.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LedgerError(Exception):
    """The ledger refused."""

    slug: ClassVar[str] = "ledger-error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, **operands: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.operands = operands


class InvalidError(LedgerError):
    """The request is not valid."""

    slug = "invalid-request"
    status = 422


class NotSignedInError(LedgerError):
    """A valid access token is needed."""

    slug = "not-signed-in"
    status = 401


class ForbiddenError(LedgerError):
    """The caller may not do this."""

    slug = "forbidden"
    status = 403


class NotFoundError(LedgerError):
    """There is no such thing, or it is not yours to see."""

    slug = "not-found"
    status = 404


class ErasedError(LedgerError):
    """It was erased, and nobody can bring it back."""

    slug = "erased"
    status = 410


class RuleError(LedgerError):
    """What has happened so far does not allow this."""

    slug = "rule-refused"
    status = 409


class ConflictError(RuleError):
    """Somebody else acted first."""

    slug = "conflict"


class NothingChangesError(RuleError):
    """It is so already; nothing would change."""

    slug = "nothing-changes"


class PreconditionError(LedgerError):
    """The thing has changed since it was read."""

    slug = "precondition-failed"
    status = 412


class UnavailableError(LedgerError):
    """The outcome is not known; send the same request again."""

    slug = "unavailable"
    status = 503


class CommandReusedError(InvalidError):
    """The Idempotency-Key was used before for a different request."""

    slug = "idempotency-key-reused"
