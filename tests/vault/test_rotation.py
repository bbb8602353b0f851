"""Rotating keys: killed at every step, beside readers and writers, with nothing encrypted anew."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from api.edge import open_ledger
from ledger.aggregates.vault_keys import STREAM, VaultKeys
from ledger.application import Call, Decide, Ledger, Receipt
from ledger.commands.vault_keys import KeyWork, Rotated
from ledger.errors import NotFoundError
from ledger.events.vault_keys import Level
from ledger.keys import FileKeyProvider, Key, RootKeyError, seal, unseal
from ledger.rotation import KeyInUseError, Rotation, RotationRunningError
from ledger.sql import blocks
from ledger.store import Role, connection_info
from ledger.vault import Vault
from tests.samples import DISTRICT, MONDAY, named
from tests.vaults import Pool, open_vault, vault_connections

OPERATOR = named("operator")
PERSONS = 7
AT_ONCE = 2  # so a tenant rotation has several steps
STEPS: dict[Level, int] = {"root": 5, "tenant": 7}  # made, begun, wrapped anew …, completed


@dataclass
class Custody:
    """A vault with some persons in it, and the means to exchange its keys."""

    url: str
    folder: Path
    ledger: Ledger
    vault: Vault
    connections: Pool
    texts: dict[UUID, str]

    def work(self, keeper: FileKeyProvider | None = None, **options: object) -> KeyWork:
        keeper = keeper or FileKeyProvider(self.folder / "root-keys")
        rotation = Rotation(
            self.connections,
            self.vault.keyring,
            keeper,
            persons_at_once=AT_ONCE,
            **options,  # type: ignore[arg-type]
        )
        return KeyWork(self.ledger, self.vault, rotation, OPERATOR, MONDAY)

    def events(self) -> list[str]:
        return [event.TOPIC for event in self.ledger.events.get(STREAM)]

    def everything_opens(self) -> None:
        """For this vault, which was open all the time, and for one that is opened now."""
        assert self.vault.get_texts(self.texts) == self.texts
        with open_vault(self.url, self.folder) as opened:
            assert opened.get_texts(self.texts) == self.texts
            assert opened.find_person("sis", DISTRICT, "4711") == self.person

    @property
    def person(self) -> UUID | None:
        return self.vault.find_person("sis", DISTRICT, "4711")


@contextmanager
def custody(url: str, folder: Path) -> Iterator[Custody]:
    with (
        vault_connections(url) as connections,
        open_vault(url, folder) as vault,
        closing(open_ledger(url)) as ledger,
    ):
        texts = {}
        for number in range(PERSONS):
            kept = vault.put_text(uuid4(), "feedback", f"Text {number}", command_id=uuid4())
            texts[kept.text_id] = f"Text {number}"
        vault.persons_for("sis", DISTRICT, ["4711"])
        yield Custody(url, folder, ledger, vault, connections, texts)


@pytest.fixture
def held(database_url: str, tmp_path: Path) -> Iterator[Custody]:
    with custody(database_url, tmp_path) as opened:
        yield opened


def rotate(work: KeyWork, level: Level) -> Rotated:
    return work.rotate_root() if level == "root" else work.rotate_tenant()


def columns(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def written(url: str) -> list[tuple[object, ...]]:
    """Everything that anybody wrote, and the ids of keys."""
    return columns(url, "SELECT text_id, ciphertext FROM ledger.vault_texts ORDER BY 1") + columns(
        url, "SELECT person_id, key_id FROM ledger.vault_person_keys ORDER BY 1"
    )


@pytest.mark.parametrize("level", ["root", "tenant"])
def test_a_rotation_wraps_everything_anew_and_encrypts_nothing_anew(
    level: Level, held: Custody
) -> None:
    before, person = written(held.url), held.person
    rotated = rotate(held.work(), level)
    assert (rotated.keys_wrapped, rotated.resumed) == (2 if level == "root" else PERSONS, False)
    rotation = held.work().rotation
    old, new = rotation.root_keys() if level == "root" else rotation.tenant_keys()
    assert (old.wraps, old.newest, new.wraps, new.newest) == (0, False, rotated.keys_wrapped, True)
    assert new.key_id == rotated.key_id
    assert held.events() == ["vault-keys.rotation-begun.v1", "vault-keys.rotation-completed.v1"]
    assert written(held.url) == before
    assert held.person == person
    held.everything_opens()


@pytest.mark.parametrize("level", ["root", "tenant"])
def test_an_old_key_can_be_dropped_once_it_wraps_nothing(level: Level, held: Custody) -> None:
    rotation = held.work().rotation
    listed = rotation.root_keys if level == "root" else rotation.tenant_keys
    [only] = listed()
    with pytest.raises(KeyInUseError, match="newest"):
        held.work().drop(only.key_id)
    rotate(held.work(), level)
    assert held.work().drop(only.key_id) == level
    assert only.key_id not in {key.key_id for key in held.work().rotation.root_keys()}
    assert only.key_id not in {key.key_id for key in held.work().rotation.tenant_keys()}
    assert held.events()[-1] == "vault-keys.dropped.v1"
    with pytest.raises(NotFoundError):
        held.work().drop(only.key_id)
    held.everything_opens()


def test_no_key_that_wraps_anything_can_be_dropped(held: Custody) -> None:
    [old] = held.work().rotation.tenant_keys()
    held.work().rotation.add_tenant_key()
    with pytest.raises(KeyInUseError, match="still wraps 7"):
        held.work().drop(old.key_id)
    with pytest.raises(KeyInUseError):
        held.work().rotation.destroy_tenant_key(old.key_id)  # the database's own word
    [root] = held.work().rotation.root_keys()
    FileKeyProvider(held.folder / "root-keys").add()
    with pytest.raises(KeyInUseError, match="still wraps"):
        held.work().drop(root.key_id)
    assert held.events() == []
    held.everything_opens()


def test_one_rotation_follows_another(held: Custody) -> None:
    keys = [rotate(held.work(), level).key_id for level in ("root", "tenant", "root", "tenant")]  # type: ignore[arg-type]
    assert len(set(keys)) == 4
    assert len(held.work().rotation.root_keys()) == len(held.work().rotation.tenant_keys()) == 3
    held.everything_opens()


def test_only_one_exchanges_keys_at_a_time(held: Custody) -> None:
    with held.work().rotation.alone():
        for level in ("root", "tenant"):
            with pytest.raises(RotationRunningError):
                rotate(held.work(), level)  # type: ignore[arg-type]
    assert held.events() == []


# Killed


def _work_until_killed(url: str, folder: Path, level: Level, step: int) -> None:
    """In a process of its own: rotate, and die when so many steps are done."""
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Mortal(FileKeyProvider):
        def add(self) -> str:
            key_id = super().add()
            count()
            return key_id

    class MortalRotation(Rotation):
        def add_tenant_key(self) -> str:
            key_id = super().add_tenant_key()
            count()
            return key_id

    class MortalLedger(Ledger):
        def run(self, call: Call, decide: Decide) -> Receipt:
            receipt = super().run(call, decide)
            count()
            return receipt

    with (
        vault_connections(url) as connections,
        open_vault(url, folder) as vault,
        closing(open_ledger(url)) as ledger,
    ):
        ledger.__class__ = MortalLedger  # type: ignore[assignment]
        keeper = Mortal(folder / "root-keys")
        rotation = MortalRotation(
            connections, vault.keyring, keeper, on_step=count, persons_at_once=AT_ONCE
        )
        rotate(KeyWork(ledger, vault, rotation, OPERATOR, MONDAY), level)


def killed(work: object, *arguments: object) -> int | None:
    """The exit code of a child that did some work."""
    child = multiprocessing.get_context("forkserver").Process(target=work, args=arguments)  # type: ignore[arg-type]
    child.start()
    child.join()
    return child.exitcode


@pytest.mark.parametrize(
    ("level", "step"),
    [
        pytest.param(level, step, marks=() if step in {1, 2, 4} else pytest.mark.long)
        for level, steps in STEPS.items()
        for step in range(1, steps + 1)
    ],
)
def test_a_rotation_killed_at_any_step_goes_on_where_it_stood(
    level: Level, step: int, held: Custody
) -> None:
    before = written(held.url)
    assert killed(_work_until_killed, held.url, held.folder, level, step) == -signal.SIGKILL
    held.everything_opens()
    rotated = rotate(held.work(), level)
    finished = step == STEPS[level]  # killed after the last event: that rotation is over
    assert rotated.resumed is not finished
    rotation = held.work().rotation
    keys = rotation.root_keys() if level == "root" else rotation.tenant_keys()
    assert len(keys) == (3 if finished else 2), "an unfinished rotation makes no second key"
    assert [key.wraps for key in keys[:-1]] == [0] * (len(keys) - 1)
    begun = [topic for topic in held.events() if topic == "vault-keys.rotation-begun.v1"]
    assert len(begun) == len(held.events()) / 2 == len(keys) - 1
    assert written(held.url) == before
    held.everything_opens()


@pytest.mark.parametrize("level", ["root", "tenant"])
def test_a_drop_that_broke_off_behind_its_event_is_run_again(level: Level, held: Custody) -> None:
    work = held.work()
    old = (work.rotation.root_keys() if level == "root" else work.rotation.tenant_keys())[0].key_id
    rotate(work, level)

    class BrokenError(Exception):
        pass

    def broken(_key_id: str) -> None:
        raise BrokenError

    keeper = FileKeyProvider(held.folder / "root-keys")
    failing = held.work(keeper)
    if level == "root":
        keeper.drop = broken  # type: ignore[method-assign]
    else:
        failing.rotation.destroy_tenant_key = broken  # type: ignore[method-assign]
    with pytest.raises(BrokenError):
        failing.drop(old)
    assert held.work().drop(old) == level
    assert held.events().count("vault-keys.dropped.v1") == 1


# Beside others


def test_readers_and_writers_go_on_while_keys_are_exchanged_and_dropped(held: Custody) -> None:
    stop, made = Event(), list[tuple[UUID, str]]()

    def read(vault: Vault) -> int:
        rounds = 0
        while not stop.is_set():
            assert vault.get_texts(held.texts) == held.texts
            rounds += 1
        return rounds

    def write(vault: Vault) -> int:
        rounds = 0
        while not stop.is_set():
            kept = vault.put_text(uuid4(), "feedback", f"New {rounds}", command_id=uuid4())
            made.append((kept.text_id, f"New {rounds}"))
            rounds += 1
        return rounds

    with open_vault(held.url, held.folder) as other, ThreadPoolExecutor(4) as threads:
        others = [
            threads.submit(work, vault) for vault in (held.vault, other) for work in (read, write)
        ]
        try:
            for _ in range(3):
                old = [held.work().rotation.tenant_keys(), held.work().rotation.root_keys()]
                for level in ("tenant", "root"):
                    rotate(held.work(), level)  # type: ignore[arg-type]
                for keys in old:
                    held.work().drop(keys[-1].key_id)
        finally:
            stop.set()
        assert all(one.result() for one in others)
    held.texts |= dict(made)
    [tenant] = held.work().rotation.tenant_keys()
    assert tenant.wraps == PERSONS + len(made), "no new person came under an older key"
    held.everything_opens()


def test_a_vault_that_was_open_before_a_rotation_writes_for_whom_it_knew(held: Custody) -> None:
    with open_vault(held.url, held.folder) as other:
        person, command = uuid4(), uuid4()
        other.put_text(person, "feedback", "Before", command_id=command)
        for level in ("root", "tenant"):
            rotate(held.work(), level)  # type: ignore[arg-type]
        kept = other.put_text(person, "feedback", "After", command_id=command)
        held.texts[kept.text_id] = "After"
    held.everything_opens()


def test_nobody_makes_a_persons_key_while_a_tenant_key_is_added(held: Custody) -> None:
    """Else it could be wrapped by the old key after everything else has left it."""
    info = connection_info(held.url, Role.VAULT, lock_timeout="100ms")
    adding = blocks("ledger", "vault.sql")["keep_key_makers_out"]
    with ConnectionPool(info, min_size=1, max_size=2) as impatient:
        vault = Vault(impatient, FileKeyProvider(held.folder / "root-keys"))
        with held.connections.connection() as connection:
            connection.execute(adding)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                vault.put_text(uuid4(), "feedback", "New", command_id=uuid4())
            assert vault.get_texts(held.texts) == held.texts, "readers do not wait"
        vault.put_text(uuid4(), "feedback", "New", command_id=uuid4())


def test_somebody_erased_meanwhile_stays_erased(held: Custody) -> None:
    def erase_one() -> None:
        with held.connections.connection() as connection:
            connection.execute(
                "DELETE FROM vault_person_keys WHERE person_id IN"
                " (SELECT person_id FROM vault_person_keys LIMIT 1)"
            )

    rotated = held.work(on_step=erase_one).rotate_tenant()
    left = held.vault.get_texts(held.texts)
    assert 0 < len(left) == rotated.keys_wrapped < PERSONS


def test_a_keeper_that_makes_no_keys_refuses_before_anything_is_done(held: Custody) -> None:
    keeper = FileKeyProvider(held.folder / "root-keys")

    def refuse() -> str:
        raise RootKeyError("make the key where the keys are kept")

    keeper.add = refuse  # type: ignore[method-assign]
    with pytest.raises(RootKeyError):
        held.work(keeper).rotate_root()
    assert held.events() == []
    assert held.ledger.find(VaultKeys, STREAM) is None


def test_a_key_that_somebody_else_made_is_rotated_to(held: Custody) -> None:
    """As with a service where another person makes the root keys."""
    made = FileKeyProvider(held.folder / "root-keys").add()
    rotated = held.work().rotate_root()
    assert (rotated.key_id, rotated.resumed) == (made, True)
    held.everything_opens()


class ServiceKeys:
    """Root keys as a key management service would keep them: see docs/keys.md."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self.add()

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        key_id = self.key_ids()[-1]
        prefix = len(key_id).to_bytes(2, "big") + key_id.encode()
        return prefix + seal(self._keys[key_id], secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        key_id = self.id_of(wrapped)
        if key_id not in self._keys:
            raise RootKeyError("the key service refuses")
        return unseal(self._keys[key_id], wrapped[2 + len(key_id) :], context)

    def id_of(self, wrapped: bytes) -> str:
        return wrapped[2 : 2 + int.from_bytes(wrapped[:2], "big")].decode()

    def key_ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def add(self) -> str:
        key_id = f"service/keys/{len(self._keys) + 1}"
        self._keys[key_id] = Key.new()
        return key_id

    def drop(self, key_id: str) -> None:
        self._keys.pop(key_id, None)


def test_whoever_keeps_the_root_keys_as_described_may_keep_them(database_url: str) -> None:
    service = ServiceKeys()
    with vault_connections(database_url) as connections, closing(open_ledger(database_url)) as log:
        vault = Vault(connections, service)
        kept = vault.put_text(uuid4(), "feedback", "Good.", command_id=uuid4())
        rotation = Rotation(connections, vault.keyring, service)
        work = KeyWork(log, vault, rotation, OPERATOR, MONDAY)
        assert work.rotate_root().key_id == "service/keys/2"
        work.rotate_tenant()
        assert work.drop("service/keys/1") == "root"
        assert Vault(connections, service).get_text(kept.text_id) == "Good."
        assert {key.root_key_id for key in rotation.tenant_keys()} == {"service/keys/2"}
