"""UmaDB beside us: a server and clients of its own, in an environment of their own.

Its client needs other versions of packages than ours, so it is installed by name into a cache
folder, and `uma_worker.py` runs there and answers one line for each line it is asked.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import Bench
from benchmarks.measure import NotRunError

VERSION = "0.7.8"
WORKER = Path(__file__).parent / "uma_worker.py"


class UmaDb:
    """The worker process, asked by name with keyword arguments."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, what: str, **arguments: Any) -> float:
        """One measurement; the worker's answer is a number."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"what": what, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise NotRunError(f"UmaDB {VERSION} stopped while asked for {what}")
        return float(answer)


@contextmanager
def running(bench: Bench) -> Iterator[UmaDb]:
    """A server on an empty store, gone at the end."""
    process = subprocess.Popen(
        [_python(bench.cache), "-I", str(WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield UmaDb(process)
    finally:
        process.communicate()


def _python(cache: Path) -> str:
    """The interpreter of an environment that has this version of UmaDB, made when missing."""
    folder = cache / f"umadb-{VERSION}-python{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
            subprocess.run([*install, f"umadb=={VERSION}"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotRunError(f"UmaDB {VERSION} cannot be installed here") from error
        done.touch()
    return str(python)
