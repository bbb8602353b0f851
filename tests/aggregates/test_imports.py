"""Runs of an import."""

from __future__ import annotations

import pytest

from ledger.aggregates.imports import Import, ImportCounts, ImportOvertakenError, start_run
from ledger.events.imports import ImportCompleted, ImportStarted
from tests.given import fact, given
from tests.samples import DISTRICT, act, header, named

IMPORT = named("import")
HMAC = "hmac-sha256:" + "a" * 64
FILE = {
    "district_id": DISTRICT,
    "mode": "bulk",
    "file_format": "oneroster-1.2",
    "file_hmac": HMAC,
    "rows": 7,
}
COUNTS = ImportCounts(persons_registered=3, rows_unchanged=4)


def started(version: int = 1) -> ImportStarted:
    return ImportStarted(
        **header(IMPORT, version),
        district_id=DISTRICT,
        format="oneroster-1.2",
        mode="bulk",
        file_hmac=HMAC,
        rows=7,
    )


completed = ImportCompleted(
    **header(IMPORT, 2),
    district_id=DISTRICT,
    persons_registered=3,
    employments_started=0,
    employments_changed=0,
    employments_ended=0,
    rows_unchanged=4,
)


def test_a_run_starts_and_completes() -> None:
    state = given().when(lambda _: start_run(None, IMPORT, act(), **FILE)).then(ImportStarted)
    assert (state.runs, state.completed) == (1, False)
    state = (
        given(started())
        .when(lambda run: run.complete(act(), COUNTS))
        .then(fact(ImportCompleted, persons_registered=3, rows_unchanged=4))
    )
    assert (state.runs, state.completed) == (1, True)


def test_a_file_may_be_run_again_after_it_completed() -> None:
    state = (
        given(started(), completed)
        .when(lambda run: start_run(run, IMPORT, act(), **FILE))
        .then(ImportStarted)
    )
    assert (state.runs, state.completed) == (2, False)


def test_a_run_that_broke_off_is_neither_begun_anew_nor_completed_twice() -> None:
    given(started()).when(lambda run: start_run(run, IMPORT, act(), **FILE)).then_refused(
        ImportOvertakenError, "run the import again"
    )
    given(started(), completed).when(lambda run: run.complete(act(), COUNTS)).then_refused(
        ImportOvertakenError
    )
    with pytest.raises(AssertionError, match="starts before it completes"):
        Import.fold(None, [completed])
