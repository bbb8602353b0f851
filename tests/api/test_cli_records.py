"""`mcledger records`: issued, signed by other keys, and issued anew."""

from __future__ import annotations

from uuid import UUID

import pytest

from api import issuing
from api.settings import SettingsError
from ledger.errors import NotFoundError
from ledger.record_vault import RecordVault
from ledger.records.issuers import RecordKeyError
from ledger.records.proofs import proven
from tests.api.conftest import PUBLIC_HOST
from tests.api.test_cli import Run, in_place
from tests.api.test_records import issuer_document, record_of, records_of
from tests.api.world import World, story


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    assert world.settings.database_url is not None
    monkeypatch.setenv("MCLEDGER_PUBLIC_HOST", PUBLIC_HOST)
    url = world.settings.database_url.get_secret_value()
    return in_place(url, world.settings.state_folder, monkeypatch)


def caught_up(world: World) -> None:
    world.position = world.edge.ledger.recorder.last_position()
    world.edge.visible(issuing.VIEWS, world.position)


def test_records_are_issued_and_issued_anew_when_a_key_leaked(world: World, run: Run) -> None:
    one = story(world).award()
    caught_up(world)
    assert "1 issued, 0 set aside" in run("records", "issue").stdout
    assert "0 issued, 0 set aside" in run("records", "issue").stdout
    caught_up(world)
    before = record_of(world, one.teacher)
    of_issuer = ("--issuer", one.issuer.id)
    listed = run("records", "keys", *of_issuer).stdout.splitlines()
    assert [line.split()[1:] for line in listed] == [["Ed25519", "signs"], ["ES256", "signs"]]
    leaked = listed[0].split()[0]

    run("records", "distrust-key", leaked, "--since", "2025-01-01", *of_issuer)

    shown = run("records", "keys", *of_issuer).stdout
    assert "compromised since 2025-01-01T00:00:00+00:00" in shown
    with pytest.raises(RecordKeyError):
        proven(before, issuer_document(world, before))
    assert "1 issued anew" in run("records", "reissue", "--all").stdout
    assert "0 issued anew" in run("records", "reissue", *of_issuer).stdout
    caught_up(world)
    after = record_of(world, one.teacher)
    proven(after, issuer_document(world, after))
    assert after["id"] == before["id"]


def test_a_key_is_replaced_and_the_ledgers_own_is_another(world: World, run: Run) -> None:
    one = story(world).award()
    caught_up(world)
    run("records", "issue")
    for options in ((), ("--issuer", one.issuer.id)):
        assert "signs from now on" in run("records", "rotate-key", *options).stdout
        kinds = [line.split()[1:] for line in run("records", "keys", *options).stdout.splitlines()]
        assert ["Ed25519", "replaced"] in kinds
        assert ["Ed25519", "signs"] in kinds
    caught_up(world)
    document = record_of(world, one.teacher)
    proven(document, issuer_document(world, document))


def test_what_is_set_aside_is_listed(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = story(world).award()
    caught_up(world)

    def refused(*_: object) -> None:
        raise NotFoundError("not there")

    with monkeypatch.context() as broken:
        broken.setattr("api.issuing.statement", refused)
        assert "0 issued, 1 set aside" in run("records", "issue", exit_code=1).stdout
    found = run("records", "parked", exit_code=1).stdout
    assert found.startswith(f"{one.enrollment}  not-found, tried 1 times, again ")
    assert records_of(world, one.teacher) == []
    RecordVault(world.edge.vault).unpark([UUID(one.enrollment)])
    run("records", "issue")
    assert run("records", "parked").stdout == ""


def test_a_reissue_says_of_whom(run: Run) -> None:
    for words in (("--all", "--issuer", str(UUID(int=1))), ()):
        assert "name one issuer" in run("records", "reissue", *words, exit_code=2).stderr


def test_without_a_host_nothing_is_issued(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCLEDGER_PUBLIC_HOST")
    story(world).award()
    caught_up(world)
    run("records", "issue", refused=SettingsError)
    assert run("records", "parked").stdout == ""
