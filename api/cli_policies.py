"""Commands on incentive policies: the files that come along, and adopting rules from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from api.cli_imports import COMMAND_LINE
from api.cli_options import AsOf, EffectiveOn
from api.exports.records import dollars
from ledger.commands.policy import NewRule, load_rules
from ledger.rules.policy_file import Flaw, PolicyFile, PolicyFileError, names_in, parse, refused
from ledger.values import stream_id

app = typer.Typer(help="What districts pay for: rules as dated data.", no_args_is_help=True)

PASS_ON = ("notes", "sources", "names")


@app.command("list")
def list_policies(
    *,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Those that come with the ledger, not those adopted.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Whole, one object a line.")] = False,
    district: Annotated[UUID | None, typer.Option(help="Whose adopted ones to list.")] = None,
    as_of: AsOf = None,
    effective_on: EffectiveOn = None,
) -> None:
    """List policies: a line for each rule that ships, or for each version that was adopted."""
    if shipped == (district is not None):
        raise typer.BadParameter("name a district, or ask for those that are --shipped")
    if shipped and (as_of or effective_on):
        raise typer.BadParameter("what ships has no past; ask for that of a district")
    for row in _shipped() if district is None else _adopted(district, as_of, effective_on):
        if as_json:
            typer.echo(orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode())
        else:
            typer.echo(f"{row['policy']} {row['effective_from']} {row['title']}")


@app.command()
def load(
    file: Annotated[list[Path], typer.Argument(help="Files of rules, or names as I2.")],
    *,
    district: Annotated[UUID, typer.Option(help="Whose board adopted them.")],
    board_reference: Annotated[
        str | None, typer.Option(help="The minute that says so; else each file has its own.")
    ] = None,
    adopted_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of that minute.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="What a file calls NAME has this id: NAME=ID.")
    ] = None,
    principal: Annotated[
        UUID, typer.Option(help="Who adopts; else the command line's own account.")
    ] = COMMAND_LINE,
) -> None:
    """Adopt rules from files, all of them or none. What is in force already is left alone.

    Exit status: 0 adopted, 1 refused (each flaw with file, line, field and what was expected).
    """
    from api.cli_reading import open_to_write  # noqa: PLC0415 - they load slowly
    from api.clock import wall  # noqa: PLC0415

    names = _names(name or [])
    rules: list[NewRule] = []
    flaws: list[Flaw] = []
    for path in file:
        try:
            label, text = _read(path)
            reference = _Reference(board_reference, adopted_on)
            rules += _rules(label, parse(text, label, names), reference)
        except PolicyFileError as error:
            flaws += error.operands["flaws"]
    twice = sorted(name for name, count in Counter(one.name for one in rules).items() if count > 1)
    flaws += [Flaw("the files", name, "one rule of that name among them") for name in twice]
    if flaws:
        raise refused(flaws)
    with open_to_write() as edge:
        adopted = load_rules(edge.ledger, principal, wall(), district_id=district, rules=rules)
    typer.echo(f"{adopted} of {len(rules)} rules adopted; the others were in force already")


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="A file of rules, or a name as I2.")],
    *,
    district: Annotated[UUID, typer.Option(help="Over whose past awards.")],
    from_day: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Earned from this day on.")
    ],
    to_day: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Earned by this day.")
    ],
    rule: Annotated[str | None, typer.Option(help="Which rule of the file, by its key.")] = None,
    policy: Annotated[
        UUID | None,
        typer.Option(help="Compare with this policy; else with what the file was loaded as."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="What a file calls NAME has this id: NAME=ID.")
    ] = None,
    as_of: AsOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, everybody.")] = False,
) -> None:
    """Say what a draft would have cost: by month, who gains, who loses. No table is touched.

    The draft is judged as if it had been in force from the first day to the last. That the persons
    named by --json were shown is written down.
    """
    from api.cli_reading import open_edge, write_down  # noqa: PLC0415 - they load slowly
    from api.simulation import position_known, run  # noqa: PLC0415

    label, text = _read(file)
    content = parse(text, label, _names(name or []))
    found = [one for one in content.rules if rule in {None, one.key}]
    if len(found) != 1:
        keys = ", ".join(one.key for one in content.rules)
        raise typer.BadParameter(f"name one rule with --rule: {keys}")
    chosen = policy or stream_id("policy", district, f"{content.id}/{found[0].key}")
    with open_edge() as edge:
        said = run(
            edge,
            district,
            found[0].rule,
            (from_day.date(), to_day.date()),
            policy_id=chosen,
            as_of=position_known(edge, district, as_of),
        )
        if as_json:
            persons = [one.person_id for one in said.changes]
            write_down(edge, "payouts", persons, district)
    if as_json:
        typer.echo(orjson.dumps(said).decode())
        return
    typer.echo(f"{said.title}: {dollars(said.draft_cents)}, now {dollars(said.adopted_cents)}")
    typer.echo(f"{said.gain} gain, {said.lose} lose, {said.unchanged} of {said.persons} stay equal")
    for month in said.months:
        draft, adopted = dollars(month.draft_cents), dollars(month.adopted_cents)
        typer.echo(f"{month.month} {draft:>14} {adopted:>14}")
    if said.pending_cents:
        typer.echo(f"waiting: {dollars(said.pending_cents)}")
    for one in said.reasons:
        typer.echo(f"{one.verdict} {one.reason or '-'}: {one.pairs}")


class _Reference:
    """The minute that the command names, for files that name none."""

    def __init__(self, board_reference: str | None, adopted_on: datetime | None) -> None:
        self.board_reference = board_reference
        self.adopted_on = None if adopted_on is None else adopted_on.date()


def _rules(label: str, content: PolicyFile, given: _Reference) -> Iterator[NewRule]:
    reference = given.board_reference or content.board_reference
    day = given.adopted_on or content.adopted_on
    if reference is None or day is None:
        field = "board_reference" if reference is None else "adopted_on"
        expected = "the minute by which a board adopted it, in the file or with the command"
        raise refused([Flaw(label, field, expected)])
    for one in content.rules:
        yield NewRule(f"{content.id}/{one.key}", reference, day, one.rule)


def _names(pairs: Sequence[str]) -> dict[str, UUID]:
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name] = UUID(value)
        except ValueError as error:
            raise typer.BadParameter(f"{pair}: expected NAME=ID, an id being a UUID") from error
    return found


def _read(path: Path) -> tuple[str, str]:
    """A file's name and its text; I2 is the name of one that ships."""
    known = {name: text for name, text in _files() if name.split("-")[0] == _padded(str(path))}
    if known and not path.exists():
        return next(iter(known.items()))
    try:
        return path.name, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refused([Flaw(path.name, "file", "a readable file of UTF-8 text")]) from error


def _padded(policy: str) -> str:
    return f"{policy[:1]}{policy[1:]:0>2}"


def _files() -> Iterator[tuple[str, str]]:
    """The files that come along, by name."""
    folder = files("ledger.rules") / "policies"
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.name.endswith(".toml"):
            yield item.name, item.read_text("utf-8")


def _shipped() -> Iterator[dict[str, Any]]:
    for label, text in _files():
        ids = {name: stream_id("placeholder", name) for name in names_in(text)}
        content = parse(text, label, ids)
        shared = content.model_dump(mode="json", include=set(PASS_ON))
        for one in content.rules:
            terms = _unbound(one.rule.model_dump(mode="json"), ids)
            yield {
                "policy": f"{content.id}/{one.key}",
                "name": content.name,
                "file": label,
                "title": one.rule.title,
                "effective_from": one.rule.effective_from.isoformat(),
                "rule": terms,
                **shared,
            }


def _unbound(value: Any, ids: Mapping[str, UUID]) -> Any:
    """The rule as the file has it: with names in the places of ids."""
    if isinstance(value, dict):
        return {field: _unbound(inner, ids) for field, inner in value.items()}
    if isinstance(value, list):
        return [_unbound(inner, ids) for inner in value]
    known = {str(one): f"@{name}" for name, one in ids.items()}
    return known.get(value, value) if isinstance(value, str) else value


def _adopted(
    district_id: UUID, as_of: str | None, effective_on: datetime | None
) -> Iterator[dict[str, Any]]:
    from api.cli_reading import open_edge  # noqa: PLC0415 - they load slowly
    from api.simulation import position_known  # noqa: PLC0415
    from projections.known import policies_known  # noqa: PLC0415
    from projections.payouts import in_force_on  # noqa: PLC0415

    with open_edge() as edge:
        position = position_known(edge, district_id, as_of)
        with edge.reading() as connection:
            found = policies_known(connection, district_id, position)
    if effective_on is not None:
        found = in_force_on(found, effective_on.date())
    for one in found:
        yield {
            "policy": f"{one.policy_id} v{one.policy_version}",
            "title": one.terms["title"],
            "effective_from": one.terms["effective_from"],
            "board_reference": one.board_reference,
            "adopted_on": one.adopted_on.isoformat(),
            "last_day": None if one.last_day is None else one.last_day.isoformat(),
            "terms": one.terms,
        }
