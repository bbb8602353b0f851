"""Make .venv from the hash-locked requirements. Standard library only; scripts/setup calls it.

A stamp inside .venv says what was installed, so that every other script can call setup first and
pay a few milliseconds for it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "setup-stamp"
LOCK_FILES = {"run": "requirements.lock", "all": "requirements-dev.lock"}
NO_VENV = """\
setup: this Python cannot make virtual environments: its venv or pip module is missing.
       On Debian and Ubuntu: apt install python3-venv. Or name another one: PYTHON=/path/to/python3
"""


def main() -> None:
    """Bring .venv up to date; of two callers at once the second waits and finds it done."""
    parser = argparse.ArgumentParser(prog="scripts/setup", description="Bring .venv up to date.")
    parser.add_argument("--run", action="store_true", help="leave out test and check tools")
    wanted = "run" if parser.parse_args().run else "all"
    if up_to_date(wanted):
        return
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    if up_to_date(wanted):
        return
    started = time.monotonic()
    print("setup: installing into .venv, the first time takes up to a minute", flush=True)
    install(wanted)
    STAMP.write_text(stamp(wanted))
    print(f"setup: done in {time.monotonic() - started:.0f} s", flush=True)


def up_to_date(wanted: str) -> bool:
    """Whether .venv holds what is wanted; everything includes what running needs."""
    installed = STAMP.read_text() if STAMP.exists() else ""
    return installed in {stamp("all"), stamp(wanted)}


def stamp(level: str) -> str:
    """What an installation depends on: where it is, on which Python, from which lines."""
    content = hashlib.sha256()
    for name in ("pyproject.toml", LOCK_FILES[level]):
        content.update((ROOT / name).read_bytes())
    return f"{VENV}\n{base_python()}\n{level} {content.hexdigest()}\n"


def base_python() -> Path:
    """The interpreter itself, also when this runs inside a virtual environment made from it."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def install(level: str) -> None:
    """Install with uv where it is there (seconds), else with pip; a broken try starts afresh."""
    same_place = STAMP.exists() and STAMP.read_text().startswith(f"{VENV}\n{base_python()}\n")
    if not same_place:
        shutil.rmtree(VENV, ignore_errors=True)
    STAMP.unlink(missing_ok=True)
    if not (VENV / "bin" / "python").exists():
        make_venv()
    uv = shutil.which("uv")
    if uv:
        try:
            run_installer([uv, "pip", "install", "--python", str(VENV / "bin" / "python")], level)
        except subprocess.CalledProcessError:
            print("setup: uv could not install; trying pip", flush=True)
        else:
            return
    try:
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-compile", "--no-input"]
        run_installer(pip, level)
    except subprocess.CalledProcessError as error:
        sys.exit(f"setup: pip failed with status {error.returncode}; its message is above.")


def make_venv() -> None:
    """Make the empty environment, or say which package of the system is missing."""
    made = subprocess.run(
        [str(base_python()), "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"{made.stdout}{made.stderr}{NO_VENV}")


def run_installer(command: list[str], level: str) -> None:
    """Install the locked packages, each held to its hash, then the project itself in place."""
    quiet = [*command, "-qq", "--no-deps"]
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    lock = ["--require-hashes", "-r", str(ROOT / LOCK_FILES[level])]
    project = ["--no-build-isolation", "-e", str(ROOT)]
    for rest in (lock, project):
        subprocess.run([*quiet, *rest], check=True, env=environment, cwd=ROOT)


if __name__ == "__main__":
    main()
