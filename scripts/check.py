"""Run every check, also after one has failed, and say at the end which did. See scripts/check."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "lint": "ruff check",
    "format": "ruff format --check",
    "types": "mypy",
    "imports": "lint-imports --no-cache",
    "compose": "check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml",
    "tidy": "pytest -q -p no:randomly tests/test_tidy.py tests/test_docs.py",
}


def main() -> None:
    failed = [name for name, command in CHECKS.items() if not passes(name, command.split())]
    if failed:
        sys.exit(f"check: {', '.join(failed)} failed")
    print("check: all good")


def passes(name: str, command: list[str]) -> bool:
    """Run one check; what it says is shown only when it has something to say."""
    started = time.monotonic()
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    verdict = "FAILED" if done.returncode else "ok"
    print(f"{name:8} {verdict:6} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
