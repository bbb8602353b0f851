"""A file of rules that is not shaped as one."""

from __future__ import annotations

import pytest

from ledger.rules.policy_file import PolicyFileError, line_of, names_in, parse
from tests.samples import named

HEAD = 'id = "X1"\nname = "Bad"\nsources = ["a"]\n'
RULES = '[[rules]]\nkey = "one"\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("names = 5\n", "4: names: "),
        ('names = "who"\n' + RULES + 'title = "@who"\n', "4: names: "),
        ('names = ["who"]\n', "4: names: "),
        ("rules = 5\n", "4: rules: "),
        ('rules = "one"\n', "4: rules: "),
        ("rules = [5]\n", "4: rules.0: "),
        ('notes = "@who knows"\n' + RULES, "5: rules.0.title: "),
        (RULES + 'title = "@who"\n', "6: @who: "),
    ],
)
def test_what_is_no_table_of_names_or_rules_is_named(text: str, place: str) -> None:
    with pytest.raises(PolicyFileError, match=f"bad.toml:{place}"):
        parse(HEAD + text, "bad.toml", {"who": named("who")})


WHOLE = """id = "X1"
name = "Two rules"
sources = ["A: a test"]
[names]
literacy = "the credential"

[[rules]]
key = "one"
title = "One"
zone = "America/Chicago"
effective_from = 2024-07-01
benefit = "one_time"
trigger = { kind = "award", credential_ids = ["@literacy"] }
amount = [{ name = "flat", basis = { kind = "flat", amount_cents = 30000 } }]
account = { fund = "general" }

[[rules]]
key = "two"
title = "Two"
zone = "America/Chicago"
effective_from = 2024-07-01
benefit = "one_time"
trigger = { kind = "award" }
amount = [{ name = "flat", basis = { kind = "flat", amount_cents = 30000 } }]
account = { fund = "general" }
[rules.timing]
after = "earned"
"""


@pytest.mark.parametrize(
    ("number", "line", "place"),
    [
        (3, "sources = []", "3: sources: "),
        (3, 'sources = ["A"]\n"rules.one" = 1', "rules.one: "),  # a key of its own, no rule
        (2, "", "name: "),  # it is nowhere
        (5, "", "12: @literacy: "),  # as the line before it has gone
        (8, 'key = "ONE"', "8: rules.0.key: "),
        (8, 'key = "two"', "18: rules.1.key: a key of its own"),
        (8, "key = " + "[" * 5000, "TOML: lists and tables within one another, not so deep"),
        (14, 'amount = [{ name = "flat" }]', "14: rules.0.amount.0.basis: "),
        (14, "amount = []", "14: rules.0.amount: "),
        (20, 'zone = "America/Nowhere"', "20: rules.1.zone: "),
        (23, "", "17: rules.1.trigger: "),  # its rule begins there
        (24, "", "17: rules.1.amount: what is paid"),
        (27, 'after = "a day that is none"', "26: rules.1.timing.after: "),
        (27, "after = ", "27: TOML: "),
        (27, 'after = "earned', "27: TOML: "),
    ],
)
def test_the_line_of_each_flaw_is_named(number: int, line: str, place: str) -> None:
    lines = WHOLE.splitlines()
    assert parse(WHOLE, "bad.toml", {"literacy": named("who")}).id == "X1"
    lines[number - 1 : number] = [line] if line else []
    with pytest.raises(PolicyFileError) as refused:
        parse("\n".join(lines), "bad.toml", {"literacy": named("who")})
    flaws = [str(flaw) for flaw in refused.value.operands["flaws"]]
    told = f"bad.toml:{place}" if place[0].isdigit() else f"bad.toml: {place}"
    assert any(flaw.startswith(told) for flaw in flaws), flaws


def test_a_rule_that_is_flawed_is_not_missed_as_well() -> None:
    """What the model says of all rules, that there is none, is said of an empty list alone."""
    text = WHOLE.replace("America/Chicago", "America/Nowhere", 1)
    with pytest.raises(PolicyFileError) as refused:
        parse(text, "bad.toml", {"literacy": named("who")})
    (flaw,) = refused.value.operands["flaws"]
    assert flaw.field == "rules.0.zone"
    with pytest.raises(PolicyFileError, match="rules: tuple should have at least 1"):
        parse(HEAD, "bad.toml", {})


def test_what_a_file_asks_to_be_named_is_read_and_nothing_where_it_asks_for_nothing() -> None:
    assert names_in(WHOLE) == {"literacy": "the credential"}
    assert names_in(HEAD) == {}
    assert names_in("names = 5") == {}
    assert names_in("names = ") == {}


def test_a_name_that_was_not_given_is_told_with_the_line_that_asks_for_it() -> None:
    with pytest.raises(PolicyFileError) as refused:
        parse(WHOLE, "bad.toml", {})
    assert [str(one) for one in refused.value.operands["flaws"]] == [
        "bad.toml:5: names.literacy: an id for the credential"
    ]


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("rules.0", 7),  # the rule itself begins there
        ("rules.1", 17),
        ("rules.1.timing", 26),
        ("names.literacy", 5),
        ("nowhere", None),
    ],
)
def test_a_field_begins_on_a_line_or_is_nowhere(field: str, line: int | None) -> None:
    assert line_of(WHOLE, field) == line
