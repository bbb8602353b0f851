"""Our journal before the accounting tools that it is written for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from api.exports.journal import Format
from api.journal import journal
from tests.api.answering import Answered, answered
from tests.api.conftest import running
from tests.database import Server
from tests.judges import tools

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield answered(world)


@pytest.mark.parametrize(
    ("layout", "judge"), [("beancount", tools.beancount), ("hledger", tools.hledger)]
)
def test_the_tool_finds_that_the_journal_balances_and_that_a_changed_one_does_not(
    layout: Format, judge: Callable[[], Sequence[str]], place: Answered, tmp_path: Path
) -> None:
    place.seen(f"{place.path}/budgets")
    text = journal(place.world.edge, UUID(place.worked.day.district.id), layout).text
    file = tmp_path / f"journal.{layout}"
    for content, accepted in ((text, True), (text.replace("600.00 USD", "600.01 USD", 1), False)):
        file.write_text(content)
        done = subprocess.run([*judge(), str(file)], capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == accepted, done.stderr
