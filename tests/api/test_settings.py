"""Settings: production starts with nothing missing or borrowed, and messages keep secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from api.settings import Settings, SettingsError, read_settings

PRODUCTION = {
    "MCLEDGER_ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://ledger:hunter2@db/ledger",
    "MCLEDGER_TOKEN_ISSUER": "https://id.example",
    "MCLEDGER_TOKEN_KEYS_FILE": "/etc/mcledger/keys.json",
    "MCLEDGER_ROOT_KEY_FILE": "/etc/mcledger/root-keys",
    "MCLEDGER_EVIDENCE_FOLDER": "/srv/evidence",
}


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in [*PRODUCTION, "OTEL_EXPORTER_OTLP_ENDPOINT"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_whole_set_of_production_settings_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **PRODUCTION)
    settings = read_settings()
    assert not settings.in_development
    assert str(settings.evidence_files) == "/srv/evidence"


def test_nothing_said_means_production(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **{k: v for k, v in PRODUCTION.items() if k != "MCLEDGER_ENVIRONMENT"})
    assert read_settings().environment == "production"


@pytest.mark.parametrize("missing", [name for name in PRODUCTION if "ENVIRONMENT" not in name])
def test_production_refuses_to_start_without(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **{k: v for k, v in PRODUCTION.items() if k != missing})
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    assert missing in refusal.value.detail
    assert "hunter2" not in refusal.value.detail


def test_production_refuses_an_issuer_that_anybody_can_speak_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, **{**PRODUCTION, "MCLEDGER_TOKEN_ISSUER": "http://id.example"})
    with pytest.raises(SettingsError, match="https"):
        read_settings()


def test_development_needs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MCLEDGER_ENVIRONMENT="development")
    assert read_settings().telemetry_endpoint is None


def test_a_wrong_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MCLEDGER_ENVIRONMENT="development", MCLEDGER_THREADS="hunter2")
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    assert "threads" in refusal.value.detail
    assert "hunter2" not in refusal.value.detail


def test_settings_do_not_change_and_do_not_show_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, **PRODUCTION)
    settings = read_settings()
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.threads = 1  # type: ignore[misc]  # what the test is about
    assert isinstance(settings, Settings)


@pytest.mark.parametrize("service", ["api", "seal"])
def test_what_a_service_of_the_compose_file_writes_lies_in_a_volume(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own files may not be written to, nor may the folder in which secrets are shown to it."""
    compose = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    described = compose["services"][service]
    given(monkeypatch, MCLEDGER_TOKEN_ISSUER="https://id.example")
    for name, value in described["environment"].items():
        if "${" not in value or name == "DATABASE_URL":
            monkeypatch.setenv(name, value)
    settings = read_settings()
    written = {
        "api": [settings.evidence_files, settings.erase_list],
        "seal": [settings.seal_keys],
    }
    volumes = [Path(volume.split(":")[1]) for volume in described["volumes"]]
    assert described["read_only"]
    for path in written[service]:
        assert any(path.is_relative_to(volume) for volume in volumes), path
