"""The commands `export edfi` and `export ctdl`: what others' systems take from the ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from api.cli_options import DAYS, AsOf, EffectiveOn

app = typer.Typer(help="Take things out of the ledger.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(dir_okay=False, help="Where to; replaced if there.")]


@app.command("edfi")
def export_edfi(
    file: FileArgument,
    *,
    district: Annotated[UUID, typer.Option(help="Whose staff.")],
    state: Annotated[str, typer.Option(help="The state that the awards are of, as TN.")],
    namespace: Annotated[str, typer.Option(help="The district's own, as uri://host.")],
    layout: Annotated[
        Literal["json", "xml"], typer.Option("--format", help="For the API, or to load in bulk.")
    ] = "json",
    with_staff: Annotated[
        bool,
        typer.Option("--with-staff", help="In the XML too; replaces what a store has of them."),
    ] = False,
    as_of: AsOf = None,
    effective_on: EffectiveOn = None,
) -> None:
    """Write the awards of a district's staff as Ed-Fi credentials.

    Whose they are is written down. The JSON says it for each staff member by her employee number,
    as bodies that stand apart; the credentials of who has none are there all the same.
    """
    import orjson  # noqa: PLC0415 - loads slowly

    from api.cli_reading import open_edge, write_down  # noqa: PLC0415
    from api.edfi import staff_awards  # noqa: PLC0415
    from api.exports.edfi import Target, as_json, as_xml  # noqa: PLC0415

    target, day = Target(state, namespace), effective_on and effective_on.date()
    with open_edge() as edge:
        awards, person_ids = staff_awards(edge, district, as_of=as_of, effective_on=day)
        write_down(edge, "transcript", person_ids, district)
    if layout == "xml":
        content = as_xml(awards, target, with_staff=with_staff)
    else:
        content = orjson.dumps(as_json(awards, target), option=orjson.OPT_INDENT_2)
    file.write_bytes(content)
    unnamed = sum(one.staff is None for one in awards)
    without = f", {unnamed} of staff without an employee number or name" if unnamed else ""
    typer.echo(f"{len(awards)} credentials{without}: {file}")


@app.command("license-units")
def export_license_units(
    file: FileArgument,
    *,
    district: Annotated[UUID, typer.Option(help="Which keeps the licenses.")],
    jurisdiction: Annotated[str | None, typer.Option(help="Of this state alone: us-wy.")] = None,
    from_day: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="Earned on this day or later.")
    ] = None,
    to_day: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="Earned on this day or before.")
    ] = None,
    as_of: AsOf = None,
    effective_on: EffectiveOn = None,
) -> None:
    """Write what a district hands in to a state: by its number for each teacher, and the license's.

    Whose it is is written down.
    """
    from api.cli_reading import open_edge, write_down  # noqa: PLC0415
    from api.exports.license_units import as_csv  # noqa: PLC0415
    from api.license_units import Span, of_office  # noqa: PLC0415

    *days, day = [one and one.date() for one in (from_day, to_day, effective_on)]
    with open_edge() as edge:
        span = Span(jurisdiction, *days)
        units = of_office(edge, district, span, as_of=as_of, effective_on=day)
        person_ids = {one.person_id for one in units}
        write_down(edge, "renewals", person_ids, district)
        texts = {one.number_text_id for one in units if one.number_text_id}
        people = edge.vault.get_details(person_ids, district)
        content = as_csv(units, edge.vault.get_texts(texts), people)
    file.write_bytes(content)
    typer.echo(f"{len(units)} rows: {file}")


@app.command("ctdl")
def export_ctdl(
    file: FileArgument,
    *,
    issuer: Annotated[UUID | None, typer.Option(help="Of one issuer; else of all.")] = None,
    as_of: AsOf = None,
) -> None:
    """Write the catalog for registries of credentials, in CTDL."""
    import orjson  # noqa: PLC0415 - loads slowly

    from api.cli_reading import open_edge  # noqa: PLC0415
    from api.ctdl import VIEWS, Catalog  # noqa: PLC0415
    from api.exports.ctdl import graph  # noqa: PLC0415
    from api.reading import WITHOUT_ZONE, position_of  # noqa: PLC0415
    from api.record_addresses import addresses_of  # noqa: PLC0415
    from projections import known  # noqa: PLC0415

    with open_edge() as edge:
        edge.visible(VIEWS, edge.ledger.recorder.last_position())
        with edge.reading() as connection:
            until = position_of(edge, connection, as_of, WITHOUT_ZONE, VIEWS)
            with known.catalog(connection, until):
                found = Catalog.read(connection, addresses_of(edge.settings))
                offers, stacks = list(found.offers(issuer)), list(found.stacks(issuer))
    file.write_bytes(orjson.dumps(graph(offers, stacks), option=orjson.OPT_INDENT_2))
    typer.echo(f"{len(offers)} micro-credentials, {len(stacks)} stacks: {file}")
