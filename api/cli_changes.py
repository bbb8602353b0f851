"""The commands `changes` and `transcript`: what routes of the API say, to whoever has a token.

What changed since the last audit, and what a teacher has earned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import typer

from api.cli_options import text_of
from ledger.errors import InvalidError

TokenFile = Annotated[
    Path, typer.Option(exists=True, dir_okay=False, help="Holds your own access token.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

app = typer.Typer()
PAGE = 200
Answer = tuple[int, dict[str, Any]]


class ChangesRefusedError(InvalidError):
    """The ledger did not answer what was asked for."""

    slug = "changes-refused"


@app.command()
def changes(
    *,
    token_file: TokenFile,
    since: Annotated[
        str, typer.Option(help="A position, or a day: all recorded by its end.")
    ] = "0",
    until: Annotated[str | None, typer.Option(help="The same; now where none is given.")] = None,
    district: Annotated[UUID | None, typer.Option(help="Of this district.")] = None,
    person: Annotated[UUID | None, typer.Option(help="Of this teacher.")] = None,
    effective_on: Annotated[
        str | None, typer.Option(help="The day that both sides are compared with; today if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the reports of a district or a teacher at two positions: what changed, and why.

    You see what your token lets you see, as over HTTP, and that you did is written down.
    """
    if (district is None) == (person is None):
        raise typer.BadParameter("name one: --district or --person")
    path = f"/v1/districts/{district}" if district else f"/v1/people/{person}"
    asked = {"since": since, "until": until, "effective_on": effective_on}
    token, count = text_of(token_file).strip(), 0
    for one in asyncio.run(_all_pages(f"{path}/changes", asked, token)):
        typer.echo(orjson.dumps(one).decode() if as_json else _sentences(one))
        count += 1
    typer.echo(f"{count} changes", err=True)


@app.command()
def transcript(
    person: Annotated[UUID, typer.Argument(help="Whose.")],
    *,
    token_file: TokenFile,
    as_of: Annotated[
        str | None, typer.Option(help="A position, or a day: all recorded by its end; else now.")
    ] = None,
    effective_on: Annotated[
        str | None, typer.Option(help="As it stands on this day; today if none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a transcript, a line each: what she earned here, and what an earlier system had.

    You see what your token lets you see, as over HTTP, and that you did is written down.
    """
    asked = {"as_of": as_of, "effective_on": effective_on}
    token = text_of(token_file).strip()
    for one in asyncio.run(_all_pages(f"/v1/people/{person}/transcript", asked, token)):
        typer.echo(orjson.dumps(one).decode() if as_json else _earned(one))


async def _all_pages(
    path: str, asked: Mapping[str, str | None], token: str
) -> list[dict[str, Any]]:
    """Ask the app itself, in this process: the same rules, and the same record of who looked."""
    from api.app import create_app  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.cli_server import serving_settings  # noqa: PLC0415

    web = create_app(serving_settings())
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    async with web.router.lifespan_context(web):
        while True:
            query = {"limit": str(PAGE), **asked, "cursor": cursor}
            given = {name: value for name, value in query.items() if value is not None}
            status, body = await _get(web, path, urlencode(given), token)
            if status != 200:  # noqa: PLR2004 - anything else is a problem
                raise ChangesRefusedError(str(body.get("detail", status)))
            found += body["items"]
            cursor = body["next"]
            if cursor is None:
                return found


async def _get(web: Any, path: str, query: str, token: str) -> Answer:
    """One GET, answered without a socket."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
        "client": None,
        "server": None,
        "state": {},
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await web(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    try:
        return int(sent[0]["status"]), orjson.loads(body)
    except ValueError as error:
        raise InvalidError("the ledger's answer cannot be read") from error


def _sentences(one: dict[str, Any]) -> str:
    """The row, each field that differs, and the events."""
    before, after = one["before"] or {}, one["after"] or {}
    whose = f" of {one['person_id']}" if one["person_id"] else ""
    word = "new" if one["before"] is None else "gone" if one["after"] is None else "changed"
    lines = [f"{one['kind']} {one['id']}{whose}: {word}"]
    lines += [
        f"  {name}: {_said(before.get(name))} -> {_said(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    lines += [
        f"  by {event['position']} {event['topic']}, recorded {event['recorded_at']}"
        for event in one["events"]
    ]
    return "\n".join(lines)


def _earned(line: Mapping[str, Any]) -> str:
    """One line of a transcript; of an award with an origin, who vouched for it.

    Of one from elsewhere, how much of it a district accepted.
    """
    told = f"{line['awarded_on'] or 'not awarded':11} {line['status']:11} {line['title']}"
    told += f" ({line['issuer_name']})"
    if origin := line["origin"]:
        told += (
            f", from an earlier system as of {origin['as_of']}: prepared by"
            f" {origin['prepared_by']}, confirmed by {origin['confirmed_by']}"
        )
    if accepted := line["accepted"]:
        quantity = accepted["quantity_hundredths"] / 100
        told += (
            f", from elsewhere ({accepted['standing']}): {quantity:g} {accepted['kind']}"
            f" {accepted['outcome']}, never paid"
        )
    return told


def _said(value: object) -> str:
    return orjson.dumps(value).decode()
