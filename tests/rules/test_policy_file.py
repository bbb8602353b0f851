"""A file of rules that is not shaped as one."""

from __future__ import annotations

import pytest

from ledger.rules.policy_file import PolicyFileError, parse
from tests.samples import named

HEAD = 'id = "X1"\nname = "Bad"\nsources = ["a"]\n'
RULES = '[[rules]]\nkey = "one"\n'


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("names = 5\n", "names: "),
        ('names = "who"\n' + RULES + 'title = "@who"\n', "names: "),
        ('names = ["who"]\n', "names: "),
        ("rules = 5\n", "rules: "),
        ('rules = "one"\n', "rules: "),
        ("rules = [5]\n", "rules.0: "),
        ('notes = "@who knows"\n' + RULES, "rules.0.title: "),
        (RULES + 'title = "@who"\n', "@who: "),
    ],
)
def test_what_is_no_table_of_names_or_rules_is_named(text: str, field: str) -> None:
    with pytest.raises(PolicyFileError, match=f"bad.toml: {field}"):
        parse(HEAD + text, "bad.toml", {"who": named("who")})
