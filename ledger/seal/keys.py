"""The keys that sign checkpoints, and the memory of what was signed, both outside the database.

Whoever can write to the database, or restore an old copy of it, can neither sign in the name of
the log nor make it sign a second history.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from ledger.seal.notes import SignatureLine, SigningKey
from ledger.seal.trusted_keys import UNTIL, SealKeyError, TrustedKey, divided, parsed


class LogSigner(Protocol):
    """Keeps the signing key, or speaks to the machine that keeps it; it never hands it out."""

    @property
    def origin(self) -> str:
        """The name of the log, in which it signs."""
        ...

    @property
    def trusted(self) -> tuple[TrustedKey, ...]:
        """The public keys of the log, the newest last."""
        ...

    def sign(self, text: str) -> SignatureLine:
        """Sign with the newest key."""
        ...

    def refresh(self) -> None:
        """Notice that the keys were exchanged. Raises SealKeyError when they cannot be used."""
        ...


class FileLogSigner:
    """Signing keys in a file that only its owner may read.

    One key a line, the newest last, each but the newest with the size up to which it has signed.
    The file is made when it is missing.
    """

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        if not path.exists():
            with written_whole(path, replace=False) as unfinished:
                unfinished.write_text(f"{SigningKey.new(origin).secret_text()}\n")
        self._named = origin
        self.refresh()

    @property
    def origin(self) -> str:
        return self._keys[-1][0].name

    def refresh(self) -> None:
        keys = _read_keys(self._path)
        if keys[-1][0].name != self._named:
            raise SealKeyError(
                f"{self._path} holds the keys of {keys[-1][0].name}, not of {self._named}"
            )
        self._keys = keys

    @property
    def trusted(self) -> tuple[TrustedKey, ...]:
        return tuple(TrustedKey(key.verifier, until) for key, until in self._keys)

    def sign(self, text: str) -> SignatureLine:
        return self._keys[-1][0].sign(text)

    def staged(self, name: str) -> SigningKey:
        """A new key in a file beside the others, where it stays until it signs.

        The log hears of a key before it signs. Whoever broke off in between finds the same again.
        """
        path = self._staging
        if not path.exists():
            with written_whole(path, replace=False) as unfinished:
                unfinished.write_text(f"{SigningKey.new(name).secret_text()}\n")
        key = SigningKey.parse(path.read_text("utf-8").strip())
        if key.name != name:
            raise SealKeyError(
                f"{path} holds a key of {key.name} that does not sign yet; end what was begun with"
                " it, or remove it"
            )
        return key

    def rotate(self, size: int, key: SigningKey | None = None) -> TrustedKey:
        """Sign with a new key from now on; those so far count up to this size only."""
        successor = key or SigningKey.new(self.origin)
        keys = [
            *((known, size if until is None else min(until, size)) for known, until in self._keys),
            (successor, None),
        ]
        with written_whole(self._path, replace=True) as unfinished:
            unfinished.write_text("".join(_line(known, until) for known, until in keys))
        self._keys, self._named = keys, successor.name
        self._staging.unlink(missing_ok=True)
        return self.trusted[-1]

    @property
    def _staging(self) -> Path:
        return self._path.with_name(f"{self._path.name}.next")


class LastSigned:
    """The newest checkpoint that was signed here, in a file that never goes back.

    It is written before anybody else can see the checkpoint. A database that was restored from a
    copy does not bring it back, so a log that has lost its end is noticed before it goes on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The note that was signed last; None before the first."""
        try:
            return self._path.read_text("utf-8")
        except FileNotFoundError:
            return None

    def remember(self, note: str) -> None:
        """Keep a note; it is on the disk when this returns."""
        with written_whole(self._path, replace=True) as unfinished:
            unfinished.write_text(note, "utf-8")


@contextmanager
def written_whole(path: Path, *, replace: bool) -> Iterator[Path]:
    """A file that is there whole or not at all, for its owner alone.

    A file that is not to be replaced is made by whoever comes first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        if replace:
            unfinished.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(unfinished, path)
        _flush_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_keys(path: Path) -> list[tuple[SigningKey, int | None]]:
    if path.stat().st_mode & 0o077:
        raise SealKeyError(f"{path} may be read by others; run: chmod 600 {path}")
    keys: list[tuple[SigningKey, int | None]] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        written, until = divided(line, number)
        keys.append((parsed(SigningKey.parse, written, number), until))
    if not keys or keys[-1][1] is not None or any(until is None for _, until in keys[:-1]):
        raise SealKeyError(f"in {path} the last key and no other has to be without a size")
    return keys


def _line(key: SigningKey, until: int | None) -> str:
    return key.secret_text() + ("" if until is None else f"{UNTIL}{until}") + "\n"
