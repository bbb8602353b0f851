"""What a witness keeps, in one folder: its own key, the keys of logs, and what it has cosigned.

The newest checkpoint of a log is replaced in one step and is on the disk before anybody is
answered. The roots before it are kept as well: should the log ever have to go on from an earlier
size, what was there is still known.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ledger.seal.keys import written_whole
from ledger.seal.merkle import HASH_BYTES
from ledger.seal.notes import COSIGNATURE, Checkpoint, NoteError, SigningKey, checkpoint_of
from ledger.seal.trusted_keys import SealKeyError, TrustedKey, parse_trusted_keys

NAME_DIGITS = 32


class WitnessFolderError(SealKeyError):
    """The folder of the witness is not as the witness left it."""

    slug = "witness-folder-unusable"


class WitnessFolder:
    """`cosigning-key`, `log-keys`, and for each log `<digest>.checkpoint` and `<digest>.roots`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log_keys = path / "log-keys"

    def key(self, name: str | None = None) -> SigningKey:
        """The key that cosigns. With a name it is made when there is none yet.

        Raises SealKeyError, NoteError for a name that cannot stand in a note.
        """
        path = self.path / "cosigning-key"
        if not path.exists():
            if name is None:
                raise WitnessFolderError(f"{self.path} has no key yet; run: mcledger witness-key")
            with written_whole(path, replace=False) as unfinished:
                unfinished.write_text(SigningKey.new(name, COSIGNATURE).secret_text() + "\n")
        if path.stat().st_mode & 0o077:
            raise WitnessFolderError(f"{path} may be read by others; run: chmod 600 {path}")
        try:
            key = SigningKey.parse(path.read_text("utf-8").strip())
        except NoteError as error:
            raise WitnessFolderError(f"{path}: {error}") from None
        if key.algorithm != COSIGNATURE or name not in {None, key.name}:
            raise WitnessFolderError(f"{path} holds a key of {key.name}")
        return key

    def log_keys(self) -> tuple[TrustedKey, ...]:
        """The pinned keys of the logs that are witnessed. Raises SealKeyError."""
        try:
            return parse_trusted_keys(self._log_keys.read_text("utf-8"))
        except FileNotFoundError:
            raise WitnessFolderError(
                f"put the public keys of the log, one a line, into {self._log_keys};"
                " its operator prints them with: mcledger seal-keys"
            ) from None

    def pin(self, keys: tuple[TrustedKey, ...]) -> None:
        """Trust these keys from now on."""
        with written_whole(self._log_keys, replace=True) as unfinished:
            unfinished.write_text("".join(f"{key}\n" for key in keys), "utf-8")

    def newest(self, origin: str) -> tuple[Checkpoint, str] | None:
        """What was cosigned last of a log, and the note of it."""
        path = self._path(origin, "checkpoint")
        try:
            note = path.read_text("utf-8")
            checkpoint = checkpoint_of(note)
        except FileNotFoundError:
            if self._path(origin, "roots").exists():
                raise WitnessFolderError(f"{path} is gone; restore it, it cannot be made") from None
            return None
        except (NoteError, UnicodeDecodeError):
            raise WitnessFolderError(f"{path} is damaged; restore it, it cannot be made") from None
        return checkpoint, note

    def keep(self, origin: str, note: str) -> None:
        """Keep a note as the newest of a log; it is on the disk when this returns.

        What was the newest so far is added to the roots first. A crash in between adds it twice,
        and the newest alone decides. The same checkpoint again adds nothing: anybody may send it.
        """
        before = self.newest(origin)
        if before is not None and before[0] != checkpoint_of(note):
            self._add_root(origin, before[0])
        with written_whole(self._path(origin, "checkpoint"), replace=True) as unfinished:
            unfinished.write_text(note, "utf-8")

    def roots(self, origin: str) -> Iterator[tuple[int, bytes]]:
        """Every size and root that was cosigned of a log, the newest last."""
        path = self._path(origin, "roots")
        lines = path.read_text("ascii").splitlines() if path.exists() else []
        for line in lines:
            size, _, root = line.partition(" ")
            # A line that a crash has cut off says nothing.
            if size.isdecimal() and len(root) == 2 * HASH_BYTES:
                yield int(size), bytes.fromhex(root)
        newest = self.newest(origin)
        if newest is not None:
            yield newest[0].size, newest[0].root

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One at a time, of all threads and processes that use the folder."""
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _add_root(self, origin: str, checkpoint: Checkpoint) -> None:
        with self._path(origin, "roots").open("a", encoding="ascii") as file:
            # On a line of its own, also where a crash has cut off the one before.
            file.write(f"\n{checkpoint.size} {checkpoint.root.hex()}\n")
            file.flush()
            os.fsync(file.fileno())

    def _path(self, origin: str, kind: str) -> Path:
        return self.path / f"{sha256(origin.encode()).hexdigest()[:NAME_DIGITS]}.{kind}"
