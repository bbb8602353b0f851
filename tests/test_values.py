"""The small values: what they take, what they refuse, and in which order they look."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ledger.events.batch import OriginalLine
from ledger.values import (
    LEDGER_NAMESPACE,
    Cents,
    Day,
    Instant,
    ShortText,
    ZoneName,
    beginning_of,
    local_date,
    stream_id,
    trusted,
)

GROWS = "\u0958"  # one letter that composing turns into two


def test_a_text_is_measured_after_its_letters_are_composed() -> None:
    text = TypeAdapter(ShortText)
    assert len(text.validate_python(GROWS * 150)) == 300
    with pytest.raises(ValidationError, match="at most 300"):
        text.validate_python(GROWS * 151)


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "a\x1bb", "", "   ", 7, None])
def test_what_no_reader_could_carry_is_no_text(bad: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ShortText).validate_python(bad)


@pytest.mark.parametrize("bad", ["5", 5.0, True, -1, 10**12 + 1])
def test_money_is_whole_cents_and_nothing_that_looks_like_them(bad: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Cents).validate_python(bad)


@pytest.mark.parametrize(
    "bad", [0, 20260101, 1.5, "01/02/2026", "2026-02-30", datetime(2026, 1, 2, tzinfo=UTC)]
)
def test_a_day_is_written_as_a_date_and_is_never_a_number(bad: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(bad)


def test_an_instant_without_a_zone_is_refused_and_any_other_becomes_utc() -> None:
    instant = TypeAdapter(Instant)
    with pytest.raises(ValidationError):
        instant.validate_python("2026-03-08T02:30:00")
    assert (
        instant.validate_python("2026-03-08T02:30:00-05:00").isoformat().endswith("07:30:00+00:00")
    )


def test_the_same_instant_is_another_day_in_another_zone() -> None:
    late = TypeAdapter(Instant).validate_python("2016-05-02T04:10:00Z")
    assert local_date(late, "America/New_York") == date(2016, 5, 2)
    assert local_date(late, "America/Los_Angeles") == date(2016, 5, 1)


def test_a_day_begins_at_its_midnight_also_where_clocks_change() -> None:
    begun = [beginning_of(date(2025, 3, day), "America/New_York") for day in (9, 10)]
    assert [one.astimezone(UTC).hour for one in begun] == [5, 4]
    assert [local_date(one, "America/New_York").day for one in begun] == [9, 10]


def test_a_zone_is_one_that_the_database_of_zones_knows() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ZoneName).validate_python("Eastern")


def test_the_parts_of_a_stream_id_do_not_run_together() -> None:
    assert stream_id("a", "bc") != stream_id("ab", "c")
    assert stream_id("a", "b", "c") == stream_id("a", "b", "c")


@given(parts=st.lists(st.uuids()) | st.lists(st.uuids() | st.integers() | st.text()))
def test_a_stream_id_is_the_named_id_that_anybody_can_work_out(
    parts: list[UUID | int | str],
) -> None:
    found = stream_id("line", *parts)
    assert found == uuid5(LEDGER_NAMESPACE, "\x1f".join(["line", *map(str, parts)]))
    assert (found.version, found.variant) == (5, "specified in RFC 4122")


def test_a_value_is_its_kind_and_its_fields_however_it_was_made() -> None:
    fields = {
        "line_id": uuid4(),
        "attempt": 1,
        "pay_date": date(2026, 3, 2),
        "tax_year": 2026,
    }
    one, other = OriginalLine(**fields), trusted(OriginalLine)(dict(fields))
    assert one == other
    assert hash(one) == hash(other)
    assert one.model_dump_json() == other.model_dump_json()
    assert one != OriginalLine(**fields | {"attempt": 2})
    assert one != fields
