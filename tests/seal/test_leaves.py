"""The leaf of a row: a layout that never changes, and that every part of the row is in."""

from uuid import UUID

from ledger.seal.leaves import NO_LEAF, Row, leaf

ROW = Row(
    position=1,
    recorded_us=1_772_368_215_250_001,  # 2026-03-01 12:30:15.250001 UTC
    command=UUID("00000000-0000-0000-0000-0000000000c1").bytes,
    stream=UUID("00000000-0000-0000-0000-0000000000a1").bytes,
    version=1,
    topic=b"organization.renamed.v1",
    state='{"name":"Schüler"}'.encode(),
)


def test_the_leaf_of_the_seal_is_the_hash_of_this_layout() -> None:
    """Worked out without this code; the vector never changes."""
    by_hand = "8cef8fe158834db4bbe42b73d278d1a8d898f006b87f4a927a608522564080af"
    assert leaf(ROW).hex() == by_hand


def test_the_leaf_depends_on_every_part_of_the_row() -> None:
    others = [
        ROW._replace(position=2),
        ROW._replace(recorded_us=ROW.recorded_us + 1),
        ROW._replace(command=ROW.stream),
        ROW._replace(stream=ROW.command),
        ROW._replace(version=2),
        ROW._replace(topic=ROW.topic + b"{", state=ROW.state[1:]),
        ROW._replace(topic=ROW.topic[:-1], state=b"1" + ROW.state),
        ROW._replace(state=ROW.state + b" "),
        ROW,
    ]
    assert len({leaf(row) for row in others}) == len(others)


def test_the_leaf_knows_times_before_1970() -> None:
    assert leaf(ROW._replace(recorded_us=-62_135_596_800_000_000)) != NO_LEAF  # the year 1
