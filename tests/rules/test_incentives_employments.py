"""What a position was on a day, after it was changed, ended and reopened."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.employments import Duty, Employment
from tests.samples import DISTRICT, named

DAYS = st.dates(date(2024, 1, 1), date(2025, 12, 31))


def position(first_day: date = date(2024, 8, 1), last_day: date | None = None) -> Employment:
    return Employment(
        employment_id=named("job"),
        district_id=DISTRICT,
        first_day=first_day,
        last_day=last_day,
        duties=(Duty(first_day, "teacher", exempt=True),),
        positions=(1,),
    )


def role(job: Employment, day: date) -> str | None:
    duty = job.duty_on(day)
    return duty.role if duty else None


def test_a_change_holds_from_its_day_on_and_the_past_stays_as_it_was() -> None:
    changed = position().changed(Duty(date(2025, 1, 1), "principal", exempt=True), 5)
    assert role(changed, date(2024, 12, 31)) == "teacher"
    assert role(changed, date(2025, 1, 1)) == "principal"
    assert changed.positions == (1, 5)


def test_a_change_takes_the_place_of_what_was_said_of_later_days() -> None:
    changed = position().changed(Duty(date(2025, 3, 1), "principal", exempt=True), 5)
    corrected = changed.changed(Duty(date(2025, 1, 1), "aide", exempt=False), 6)
    assert role(corrected, date(2025, 6, 1)) == "aide"
    assert role(corrected, date(2024, 9, 1)) == "teacher"
    again = corrected.changed(Duty(date(2025, 1, 1), "teacher", exempt=True), 7)
    assert [duty.role for duty in again.duties] == ["teacher", "teacher"]


def test_a_change_that_reaches_back_before_the_first_day_replaces_all() -> None:
    changed = position().changed(Duty(date(2024, 1, 1), "aide", exempt=None), 5)
    assert changed.duties == (Duty(date(2024, 1, 1), "aide", exempt=None),)
    assert role(changed, date(2024, 7, 31)) is None
    assert role(changed, date(2024, 8, 1)) == "aide"


def test_an_end_may_be_taken_back() -> None:
    ended = position().ended(date(2025, 1, 31), 5)
    assert role(ended, date(2025, 1, 31)) == "teacher"
    assert role(ended, date(2025, 2, 1)) is None
    reopened = ended.ended(None, 6)
    assert role(reopened, date(2025, 2, 1)) == "teacher"
    assert reopened.positions == (1, 5, 6)


@given(st.lists(st.tuples(DAYS, st.sampled_from(["teacher", "aide"])), max_size=6), DAYS)
def test_the_last_word_about_a_day_counts(changes: list[tuple[date, str]], day: date) -> None:
    """Whoever spoke last of a day from which it reaches over this one is believed."""
    job = position()
    said = [(job.first_day, "teacher")]
    for number, (from_day, word) in enumerate(changes):
        job = job.changed(Duty(from_day, word, exempt=None), number)
        said.append((from_day, word))
    expected = [word for from_day, word in said if from_day <= day][-1:]
    assert role(job, day) == (expected[0] if expected and day >= job.first_day else None)
