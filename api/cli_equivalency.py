"""Commands on equivalency rules: those that come along, those adopted, and adopting them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from api.cli_imports import COMMAND_LINE
from api.cli_options import AsOf, EffectiveOn
from ledger.commands.equivalency import load_rules
from ledger.commands.equivalency import shipped as shipped_rules

Row = dict[str, Any]

app = typer.Typer(
    help="What states and districts count: rules as dated data.", no_args_is_help=True
)


@app.command("list")
def list_rules(
    *,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Those that come with the ledger, not those adopted.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Whole, one object a line.")] = False,
    jurisdiction: Annotated[str | None, typer.Option(help="Of this one alone: us-tn.")] = None,
    as_of: AsOf = None,
    effective_on: EffectiveOn = None,
) -> None:
    """List equivalency rules, a line for each version."""
    if shipped and (as_of or effective_on):
        raise typer.BadParameter("what ships has no past; ask for what was adopted")
    rules = _shipped(jurisdiction) if shipped else _adopted(jurisdiction, as_of, effective_on)
    for row in rules:
        if as_json:
            typer.echo(orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode())
        else:
            terms = row["terms"]
            until = terms["effective_to"] or ""
            typer.echo(
                f"{row['jurisdiction']} v{row['rule_version']} {terms['effective_from']}..{until}"
                f" {terms['unit']} {terms['title']}"
            )


@app.command()
def load(
    jurisdictions: Annotated[
        list[str] | None, typer.Argument(help="Of the shipped ones; all where none is named.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Rules of your own instead.")
    ] = None,
    reference: Annotated[
        str, typer.Option(help="The act by which the authority adopted them.")
    ] = "shipped with the ledger",
    principal: Annotated[
        UUID, typer.Option(help="Who adopts; else the command line's own account.")
    ] = COMMAND_LINE,
) -> None:
    """Adopt a state's rules. What is adopted already is left alone.

    Exit status: 0 adopted, 1 refused (every flaw is named with its line; nothing was stored).
    """
    from api.cli_reading import open_to_write  # noqa: PLC0415 - they load slowly
    from api.clock import wall  # noqa: PLC0415
    from api.rule_files import read_rules  # noqa: PLC0415

    versions = (
        read_rules(file).versions
        if file is not None
        else tuple(one.terms for one in shipped_rules(jurisdictions or ()))
    )
    with open_to_write() as edge:
        adopted = load_rules(
            edge.ledger, principal, wall(), authority_reference=reference, versions=versions
        )
    typer.echo(f"{adopted} of {len(versions)} versions adopted; the others were there already")


def _shipped(jurisdiction: str | None) -> Iterator[Row]:
    for one in shipped_rules([jurisdiction] if jurisdiction else ()):
        yield {
            "jurisdiction": one.jurisdiction,
            "rule_version": one.rule_version,
            "terms": one.terms.model_dump(mode="json"),
        }


def _adopted(
    jurisdiction: str | None, as_of: str | None, effective_on: datetime | None
) -> Iterator[Row]:
    from api.cli_reading import open_edge  # noqa: PLC0415 - they load slowly
    from api.reading import WITHOUT_ZONE, position_of  # noqa: PLC0415
    from projections.renewal_rules import in_force_on, rules_known  # noqa: PLC0415

    with open_edge() as edge, edge.reading() as connection:
        known = position_of(edge, connection, as_of, WITHOUT_ZONE, ["renewals"])
        found = rules_known(connection, until=known, jurisdiction=jurisdiction)
    if effective_on is not None:
        found = in_force_on(found, effective_on.date())
    for rule in found:
        yield {
            "jurisdiction": rule.terms.jurisdiction,
            "rule_version": rule.rule_version,
            "equivalency_id": str(rule.rule_id),
            "district_id": None if rule.district_id is None else str(rule.district_id),
            "authority_reference": rule.authority_reference,
            "adopted_on": rule.adopted_on.isoformat(),
            "last_day": None if rule.last_day is None else rule.last_day.isoformat(),
            "terms": rule.terms.model_dump(mode="json"),
        }
