"""Everything that differs from one place of running to the next, read once and then frozen.

Each setting is an environment variable with the prefix `MCLEDGER_`; the database is `DATABASE_URL`.
Whatever is only good enough for trying out has to be asked for: the environment is production
unless it says otherwise, and production starts with nothing missing or borrowed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.errors import LedgerError, NotFoundError

DEVELOPMENT_ISSUER = "urn:mcledger:development"
MEBIBYTE = 1024 * 1024
HOST = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$"
CHECKOUT = Path(__file__).resolve().parent.parent


class SettingsError(LedgerError):
    """The settings do not allow to start."""

    slug = "settings-unusable"
    status = 500


def _state_folder() -> Path:
    in_checkout = (CHECKOUT / "pyproject.toml").exists()  # otherwise this is an installed wheel
    return CHECKOUT / ".data" if in_checkout else Path("~/.local/state/mcledger").expanduser()


class Settings(BaseSettings):
    """The settings of one ledger and its edge."""

    model_config = SettingsConfigDict(
        env_prefix="MCLEDGER_", frozen=True, extra="ignore", populate_by_name=True
    )

    environment: Literal["development", "production"] = "production"
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "MCLEDGER_DATABASE_URL")
    )
    token_issuer: str = DEVELOPMENT_ISSUER
    token_audience: str = "mcledger"  # noqa: S105 - a name, not a secret
    token_keys_file: Path | None = None  # a JSON Web Key Set with public keys only
    state_folder: Path = Field(default_factory=_state_folder)  # what development keeps
    root_key_file: Path | None = None
    erase_file: Path | None = None  # what was erased, kept where no backup of the database goes
    # Where others reach this ledger, as `ledger.example` or `ledger.example:8443`: records name it
    # for ever, so it is needed where they are issued.
    public_host: Annotated[str, Field(pattern=HOST)] | None = None
    authorization_server_file: Path | None = None  # its metadata (RFC 8414), for other systems
    seal_key_file: Path | None = None  # needed where the log is sealed, and nowhere else
    seal_origin: str = "mcledger-development"  # the name of the log, in which it is sealed
    witnesses_file: Path | None = None  # a line for each: its public key, a space, its address
    witness_quorum: Annotated[int, Field(ge=0)] = 0  # so many have to answer, or nothing is written
    witness_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0  # between two looks at them
    evidence_folder: Path | None = None
    evidence_bytes_max: Annotated[int, Field(ge=1)] = 512 * MEBIBYTE
    import_bytes_max: Annotated[int, Field(ge=1)] = 256 * MEBIBYTE
    body_bytes_max: Annotated[int, Field(ge=1024)] = MEBIBYTE
    threads: Annotated[int, Field(ge=1, le=256)] = 32  # of reads, and of others, per process
    api_processes: Annotated[int, Field(ge=1, le=1000)] = 1  # of this ledger, on all machines
    read_connections: Annotated[int, Field(ge=1, le=100)] = 8  # per process, beside the ledger's
    visible_wait_seconds: Annotated[float, Field(gt=0, le=10)] = 2.0
    ready_lag_max: Annotated[int, Field(ge=0)] = 10_000  # events a projection may be behind
    telemetry_endpoint: str | None = Field(
        default=None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "MCLEDGER_TELEMETRY_ENDPOINT"),
    )

    @property
    def in_development(self) -> bool:
        return self.environment == "development"

    @property
    def root_keys(self) -> Path:
        return self.root_key_file or self.state_folder / "root-keys"

    @property
    def erase_list(self) -> Path:
        return self.erase_file or self.root_keys.with_name(f"{self.root_keys.name}.erased")

    @property
    def seal_keys(self) -> Path:
        return self.seal_key_file or self.state_folder / "seal-keys"

    @property
    def evidence_files(self) -> Path:
        return self.evidence_folder or self.state_folder / "evidence"

    @property
    def development_token_key(self) -> Path:
        return self.state_folder / "development-token-key.json"

    @model_validator(mode="after")
    def _is_fit_for_production(self) -> Self:
        if not self.in_development:
            wanting = [*self._missing()]
            if not self.token_issuer.startswith("https://"):
                wanting.append("MCLEDGER_TOKEN_ISSUER has to be an https:// address")
            if wanting:
                raise ValueError(
                    "; ".join(wanting)
                    + ". To try things out, set MCLEDGER_ENVIRONMENT=development instead"
                )
        return self

    def _missing(self) -> list[str]:
        needed = {
            "DATABASE_URL": self.database_url,
            "MCLEDGER_TOKEN_KEYS_FILE": self.token_keys_file,
            "MCLEDGER_ROOT_KEY_FILE": self.root_key_file,
            "MCLEDGER_EVIDENCE_FOLDER": self.evidence_folder,
        }
        return [f"{name} is not set" for name, value in needed.items() if value is None]


class AuthorizationServer(BaseModel):
    """Where tokens for this ledger are to be had, as that server says of itself (RFC 8414)."""

    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str
    op_policy_uri: str
    op_tos_uri: str
    code_challenge_methods_supported: list[str]
    grant_types_supported: list[str] = ["authorization_code", "implicit"]  # as RFC 8414 has it

    @field_validator("code_challenge_methods_supported")
    @classmethod
    def _takes_proof_keys(cls, methods: list[str]) -> list[str]:
        if "S256" not in methods:
            raise ValueError("the Open Badges API asks for PKCE with S256")
        return methods

    @property
    def refreshes(self) -> bool:
        """Whether a token can be had anew without asking her again."""
        return "refresh_token" in self.grant_types_supported


def read_authorization_server(settings: Settings) -> AuthorizationServer:
    """Where tokens are to be had.

    Raises NotFoundError where nobody has said so, SettingsError where the file does not say it.
    """
    file = settings.authorization_server_file
    if file is None:
        raise NotFoundError("this ledger does not say where tokens are to be had")
    try:
        return AuthorizationServer.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise SettingsError(
            "MCLEDGER_AUTHORIZATION_SERVER_FILE does not hold what RFC 8414 asks for"
        ) from None


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError that names what is wrong, not its value.

    A setting may be a password, so no message repeats what was found.
    """
    try:
        return Settings()
    except ValidationError as error:
        flaws = [
            f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}" if flaw["loc"] else flaw["msg"]
            for flaw in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("; ".join(flaws).removeprefix("Value error, ")) from None
