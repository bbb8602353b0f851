"""The addresses that records carry for ever: who issues, where keys, lists and rubrics are."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.settings import Settings, SettingsError
from ledger.records.issuers import did_web


@dataclass(frozen=True, slots=True)
class Addresses:
    """Every address of one ledger, by the host under which others reach it."""

    host: str

    @property
    def base(self) -> str:
        return f"https://{self.host}"

    def issuer(self, issuer_id: UUID | None) -> str:
        """The `did:web` name of an issuer; of the ledger itself where there is none."""
        if issuer_id is None:
            return did_web(self.host)
        return did_web(self.host, "issuers", str(issuer_id))

    def issuer_of(self, name: str) -> UUID | None:
        """Whom a `did:web` name means. Raises ValueError for one that is not of this ledger."""
        if name == self.issuer(None):
            return None
        issuer_id = UUID(name.rpartition(":")[2])
        if name != self.issuer(issuer_id):
            raise ValueError("another ledger's issuer")
        return issuer_id

    def record(self, record_id: UUID) -> str:
        """The id of a record, which stays the same however often it is issued anew."""
        return f"{self.base}/records/{record_id}"

    def achievement(self, issuer_id: UUID, credential_id: UUID, version: int) -> str:
        return f"{self.base}/issuers/{issuer_id}/achievements/{credential_id}/{version}"

    def stack(self, issuer_id: UUID, stack_id: UUID, version: int) -> str:
        return f"{self.base}/issuers/{issuer_id}/stacks/{stack_id}/{version}"

    def offers(self, issuer_id: UUID) -> str:
        """Everything that an issuer offers, for registries of credentials."""
        return f"{self.base}/issuers/{issuer_id}/ctdl"

    def described(self, issuer_id: UUID, credential_id: UUID) -> str:
        return f"{self.offers(issuer_id)}/{credential_id}"

    def described_stack(self, issuer_id: UUID, stack_id: UUID) -> str:
        return f"{self.offers(issuer_id)}/stacks/{stack_id}"

    def status_list(self, issuer_id: UUID, list_number: int) -> str:
        return f"{self.base}/issuers/{issuer_id}/status/{list_number}"

    def revocations(self, issuer_id: UUID) -> str:
        return f"{self.base}/issuers/{issuer_id}/revocations"

    def record_of(self, url: str) -> UUID:
        """Which record an id means. Raises ValueError for one that is not of this ledger."""
        record_id = UUID(url.rpartition("/")[2])
        if url != self.record(record_id):
            raise ValueError("another ledger's record")
        return record_id

    def list_of(self, url: str) -> tuple[UUID, int]:
        """Which status list an address means. Raises ValueError for another ledger's."""
        issuer_id, _, number = url.removeprefix(f"{self.base}/issuers/").partition("/status/")
        found = UUID(issuer_id), int(number)
        if url != self.status_list(*found):
            raise ValueError("another ledger's list")
        return found


def addresses_of(settings: Settings) -> Addresses:
    """The addresses of this ledger. Raises SettingsError where nobody has said its host."""
    if settings.public_host is None:
        raise SettingsError("MCLEDGER_PUBLIC_HOST is not set; records name it for ever")
    return Addresses(settings.public_host)
