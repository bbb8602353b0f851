"""Records checked apart, and what may be asked of whom to prove them."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from api.imports import records_checking, records_http
from api.imports.records_apart import Apart
from api.imports.records_checking import check_apart, find_out
from api.imports.records_http import BYTES_MAX, ask
from ledger.errors import UnavailableError
from ledger.records.canonical import RecordTooComplexError
from ledger.records.documents import RecordError
from ledger.records.issuers import did_web, issuer_document
from ledger.records.proofs import with_proof
from ledger.records.received import checked
from ledger.records.received_files import read_file
from ledger.records.received_items import Checked
from ledger.records.status import StatusEntry
from tests.records.host import Answers, answering
from tests.records.received import AT, award, known, listed, poison, sealed, text, transcript, twins
from tests.records.samples import PROOF, PROOF_KEY, SIGNED_AT

HOST = "records.district.example"
DOCUMENT = f"https://{HOST}/.well-known/did.json"


class Guard:
    """Stands where connections are made: notes who was meant, and lets none through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.looked_up: list[str] = []
        self.connected: list[Any] = []
        self._addresses = list(addresses)
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        monkeypatch.setattr(socket, "create_connection", self._connect)

    def _look_up(self, host: str, port: int, **_: Any) -> list[Any]:
        self.looked_up.append(host)
        if not self._addresses:
            raise socket.gaierror
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def _connect(self, address: Any, **_: Any) -> Any:
        self.connected.append(address)
        raise OSError("nobody answers")


def test_a_record_checked_apart_is_answered_as_one_checked_here() -> None:
    content = text(sealed(transcript(award(1), award(2))))
    apart = check_apart(content, known(1_002), AT)
    assert apart == checked(read_file(content), known(1_002), AT)
    assert [one.status for one in apart.items] == ["active", "revoked"]


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (text(poison()), "record-term-undefined"),
        (text(twins()), "record-too-complex"),
        (b"{", "record-unreadable"),
    ],
    ids=["poison", "twins", "half"],
)
def test_a_refusal_comes_back_as_what_it_is(content: bytes, slug: str) -> None:
    with pytest.raises(RecordError) as refused:
        check_apart(content, known(), AT)
    assert refused.value.slug == slug


@pytest.fixture(scope="module")
def anything() -> Iterator[Apart]:
    """Does whatever a job says, in the place of the check and under the same limits."""
    work = """
from api.imports.records_worker import Outcome, RecordError, limit, serve
def work(job):
    exec(job.content)
    return Outcome(slug="record-unusable", detail="done")
serve(work)
"""
    with closing(Apart((sys.executable, "-c", work))) as apart:
        yield apart


@pytest.mark.parametrize(
    "body",
    [
        "limit(0.05)\nwhile True: pass",
        "limit(0.05)\nsum(range(10**12))",  # one call that never comes back to Python
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import time; limit(0.005); time.sleep(60)",  # works at nothing
    ],
)
def test_a_check_that_does_not_end_is_ended_by_the_system(body: str, anything: Apart) -> None:
    with pytest.raises(RecordTooComplexError):
        check_apart(body.encode(), known(), AT, anything)


def test_a_check_gets_no_network_no_secret_and_so_much_memory(
    anything: Apart, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of these would end well without the limit that it runs into."""
    for body, failure in (
        ("import socket; socket.socket()", "RuntimeError"),
        ("import socket; socket.getaddrinfo('localhost', 9)", "RuntimeError"),
        ("import os; os.environ['PATH']", "KeyError"),
        ("import os; os.read(0, 1)", "OSError"),  # where the jobs of others come in
    ):
        with pytest.raises(UnavailableError):
            check_apart(body.encode(), known(), AT, anything)
        assert failure in caplog.messages[-1]
    with pytest.raises(RecordTooComplexError):
        check_apart(b"x = bytearray(2**30)", known(), AT, anything)


def test_a_check_leaves_nothing_behind_for_the_next(anything: Apart) -> None:
    body = b"import builtins; assert not hasattr(builtins, 'x'); builtins.x = 1"
    for _ in range(2):
        with pytest.raises(RecordError, match="done"):
            check_apart(body, known(), AT, anything)


def loaded_in(anything: Apart) -> int:
    """Which process forks."""
    with pytest.raises(RecordError) as refused:
        check_apart(b"import os; raise RecordError(str(os.getppid()))", known(), AT, anything)
    return int(refused.value.detail)


def test_what_checks_is_loaded_once_and_again_when_it_was_ended(anything: Apart) -> None:
    """Loading takes longer than a record does, so an attack must not make us load each time."""
    before = loaded_in(anything)
    assert loaded_in(anything) == before
    os.kill(before, signal.SIGKILL)
    after = loaded_in(anything)
    assert after != before
    assert loaded_in(anything) == after


def test_all_who_wait_for_a_process_that_ends_are_answered_by_the_next(anything: Apart) -> None:
    """None of them ends the one that another has started meanwhile, nor loses its job with it."""
    before = loaded_in(anything)
    os.kill(before, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(loaded_in, anything) for _ in range(4)]
        os.kill(before, signal.SIGKILL)
        after = {one.result() for one in waiting}
    assert len(after) == 1
    assert before not in after


def test_whom_the_district_did_not_allow_is_not_even_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = Guard(monkeypatch, "93.184.216.34")
    found = find_out(text(award(1)), AT, {"elsewhere.example"}, in_development=False)
    assert found.checked.reason == "issuer-not-reachable"
    assert {one.outcome for one in found.asked} == {"host-not-allowed"}
    assert (guard.looked_up, guard.connected) == ([], [])


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (text(poison()), "record-term-undefined"),
        (text(twins()), "record-too-complex"),
        (text({**award(1), "@context": [f"https://{HOST}/c"]}), "record-context-unknown"),
        (text({**award(1), "name": "x" * 262_144}), "record-too-large"),
    ],
    ids=["poison", "twins", "context", "long"],
)
def test_what_nobody_could_mend_is_refused_before_anybody_is_asked(
    content: bytes, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even whom the district has allowed: a host that is slow to answer could hold it up."""
    guard = Guard(monkeypatch, "93.184.216.34")
    with pytest.raises(RecordError) as refused:
        find_out(content, AT, {HOST}, in_development=False)
    assert refused.value.slug == slug
    assert (guard.looked_up, guard.connected) == ([], [])


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "fec0::1",
    "ff02::1",
    "2001:0:7f00:1::",
    "3fff::1",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    guard = Guard(monkeypatch, address)
    one, content = ask(DOCUMENT, {HOST}, in_development=False)
    assert (one.outcome, content) == ("not-reachable", None)
    assert (guard.looked_up, guard.connected) == ([HOST], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "[::1]", "localhost"])
def test_an_address_inside_stays_closed_even_where_a_district_allowed_it(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: tried.append(a))
    one, _ = ask(f"https://{host}/did.json", {host.strip("[]")}, in_development=False)
    assert one.outcome == "not-reachable"
    assert tried == []


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = Guard(monkeypatch, "93.184.216.34", "127.0.0.1")
    ask(DOCUMENT, {HOST}, in_development=False)
    assert guard.looked_up == [HOST]
    assert guard.connected == [("93.184.216.34", 443)]


@pytest.mark.parametrize(
    "address",
    ["http://a.example/", "file:///etc/passwd", "ftp://a.example/", "https://u:p@a.example/", "//"],
)
def test_only_secure_addresses_are_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(monkeypatch, "93.184.216.34")
    one, _ = ask(address, {"a.example", ""}, in_development=False)
    assert (one.outcome, guard.looked_up) == ("host-not-allowed", [])


@pytest.fixture
def host() -> Iterator[tuple[str, type[Answers]]]:
    with answering() as found:
        yield found


def test_what_is_answered_otherwise_than_plainly_is_no_answer(
    host: tuple[str, type[Answers]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, answers = host
    answers.pages |= {
        "/good": (200, {}, b"{}"),
        "/moved": (302, {"Location": f"http://{name}/good"}, b"{}"),
        "/gone": (404, {}, b"{}"),
        "/packed": (200, {"Content-Encoding": "gzip"}, b"{}"),
        "/long": (200, {}, b" " * (BYTES_MAX + 1)),
    }
    monkeypatch.setattr(records_http, "SECONDS_MAX", 2.0)
    found = {
        path: ask(f"https://{name}{path}", {name}, in_development=True)[1] is not None
        for path in (*answers.pages, "/drip")
    }
    assert [path for path, answered in found.items() if answered] == ["/good"]
    assert answers.asked.count("/good") == 1, "a redirect was followed"


def test_an_issuers_document_and_list_are_asked_for_and_used(
    host: tuple[str, type[Answers]],
) -> None:
    name, answers = host
    issuer_id, url = did_web(name, "d"), f"https://{name}/status/1"
    method = PROOF.method(issuer_id)
    answers.pages |= {
        "/d/did.json": (200, {}, text(issuer_document(issuer_id, [PROOF]))),
        "/status/1": (200, {}, b"no list"),
    }
    unsigned = {key: value for key, value in award(1).items() if key != "proof"}
    unsigned["issuer"] = {**unsigned["issuer"], "id": issuer_id}
    unsigned["credentialStatus"] = StatusEntry(url, 7).document()
    content = text(with_proof(unsigned, PROOF_KEY.sign, method, SIGNED_AT))

    def item() -> Any:
        return find_out(content, AT, {name}, in_development=True).checked.items[0]

    assert (item().standing, item().source, item().status) == ("verified", "fetched", "unknown")
    plain = {key: value for key, value in listed().items() if key != "proof"}
    plain |= {"id": url, "issuer": issuer_id}
    signed_list = with_proof(plain, PROOF_KEY.sign, method, SIGNED_AT)
    answers.pages["/status/1"] = (200, {}, text(signed_list))
    assert item().status == "active"


def test_a_record_does_not_make_us_ask_more_than_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A transcript of many issuers is a list of hosts to knock at."""
    asked: list[str] = []

    def nobody(address: str, *_: Any, **__: Any) -> Any:
        asked.append(address)
        return records_http.Asked(address, "not-reachable"), None

    monkeypatch.setattr(records_checking, "ask", nobody)
    monkeypatch.setattr(records_checking, "check_apart", _not_checked)
    awards = [
        {**award(n), "issuer": {"id": did_web(f"h{n}.example"), "type": ["Profile"]}}
        for n in range(30)
    ]
    find_out(text(transcript(*awards)), AT, set(), in_development=False)
    assert len(asked) == records_checking.ASKED_MAX


def test_hosts_that_all_drip_do_not_hold_us_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is cut off by itself, and together they are given up."""
    guard = Guard(monkeypatch, "93.184.216.34")
    monkeypatch.setattr(records_checking, "check_apart", _not_checked)
    monkeypatch.setattr(records_checking, "ASKING_SECONDS_MAX", -1.0)
    found = find_out(text(award(1)), AT, {HOST}, in_development=False)
    assert (found.asked, guard.looked_up) == ((), [])


def _not_checked(*_: Any) -> Checked:
    return Checked("learner_record_2", "unverified", None, ())
