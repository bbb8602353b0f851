"""Whether this process is alive, and whether it is ready to be asked."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from pydantic import BaseModel

from api import webhooks
from api.edge import Edge, budget, database_url
from api.routing import OpenRouter
from api.writing import edge_of
from ledger.errors import LedgerError
from ledger.seal.reads import SealReads
from ledger.seal.structure import check_structure
from ledger.store import (
    EVERYTHING,
    UnsafeServerError,
    head_level,
    migration_level,
    refuse_unsafe_server,
)
from projections import setup

router = OpenRouter("health")
GAPS_SHOWN = 5  # the first say enough


class Alive(BaseModel):
    """The process answers."""

    status: str


class Check(BaseModel):
    """One thing that has to hold."""

    name: str
    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether everything holds."""

    ready: bool
    checks: list[Check]
    warnings: list[str]  # what nobody has to stop for, and somebody has to look after


@router.get("/healthz", response_model=Alive)
async def read_health() -> Alive:
    """The process answers; nothing else is looked at."""
    return Alive(status="alive")


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def read_readiness(request: Request) -> Response:
    """The database answers and keeps what it acknowledges; tables and views are up to date."""
    edge = edge_of(request)
    checks = [_check(name, look, edge) for name, look in LOOKS.items()]
    warnings = [_check("parked", _parked, edge), _check("outbox", _outbox, edge)]
    ready = Readiness(
        ready=all(check.ok for check in checks),
        checks=checks,
        warnings=[one.detail for one in warnings if not one.ok],
    )
    return Response(
        ready.model_dump_json(),
        status_code=200 if ready.ready else 503,
        media_type="application/json",
        headers={} if ready.ready else {"Retry-After": "1"},
    )


def _check(name: str, look: Callable[[Edge], tuple[bool, str]], edge: Edge) -> Check:
    """One check. Whatever goes wrong is told by its class: a message may hold an address."""
    try:
        ok, detail = look(edge)
    except LedgerError as error:
        ok, detail = False, error.slug
    except Exception as error:  # noqa: BLE001 - a failed check is an answer, not a failure
        ok, detail = False, type(error).__name__
    return Check(name=name, ok=ok, detail=detail)


def _database(edge: Edge) -> tuple[bool, str]:
    """Whether the server keeps what it acknowledges; what is off is named."""
    with edge.reading() as connection:
        try:
            warnings = refuse_unsafe_server(connection)
        except UnsafeServerError as error:
            return False, error.detail
    return True, "; ".join(warnings) or "keeps what it acknowledges"


def _connections(edge: Edge) -> tuple[bool, str]:
    """Whether the server gives as many connections as all processes together may open."""
    with edge.reading() as connection:
        counted = budget(edge.settings, connection)
    return counted.needed <= counted.allowed, str(counted)


def _guards(edge: Edge) -> tuple[bool, str]:
    """Whether grants, triggers, functions and row security are as they were made."""
    with edge.reading() as connection:
        found = [
            *map(str, check_structure(connection)),
            *setup.wall_gaps(connection, edge.watch.database),
        ]
    return not found, "; ".join(found[:GAPS_SHOWN]) or "as the migrations made them"


def _migrations(edge: Edge) -> tuple[bool, str]:
    level, head = migration_level(database_url(edge.settings)), head_level()
    return level == head, f"at {level}, newest is {head}"


def _views(edge: Edge) -> tuple[bool, str]:
    with edge.reading([EVERYTHING]) as connection:
        lags = setup.lag(connection)
    late = [one.name for one in lags if one.behind > edge.settings.ready_lag_max]
    stale = [one.name for one in lags if one.needs_rebuild]
    parked = sum(one.parked for one in lags)
    behind = max((one.behind for one in lags), default=0)
    detail = f"at most {behind} events behind, {parked} parked"
    return bool(lags) and not late and not stale, "; ".join(
        [
            detail,
            *(f"{name} is late" for name in late),
            *(f"{name} needs a rebuild" for name in stale),
        ]
    )


def _parked(edge: Edge) -> tuple[bool, str]:
    """Whether every view has taken in every event. One that has not still shows the rest."""
    with edge.reading([EVERYTHING]) as connection:
        bad = {one.name: one.parked for one in setup.lag(connection) if one.parked}
    said = ", ".join(f"{parked} in {name}" for name, parked in bad.items())
    return not bad, f"events are parked: {said}; see mcledger parked"


def _outbox(edge: Edge) -> tuple[bool, str]:
    """Whether each message of a webhook that waits can be sent once its receiver takes it."""
    parked = webhooks.parked(edge)
    return not parked, f"{len(parked)} messages of webhooks are parked; see mcledger check"


def _seal(edge: Edge) -> tuple[bool, str]:
    """How far sealing is behind. A ledger that nobody seals is not unfit for that."""
    with edge.reading() as connection:
        reads = SealReads(connection)
        sealed = reads.last_checkpoint()
        if sealed is None:
            return True, "nothing is sealed"
        behind = max(0, reads.last_position() - sealed[0])
    return behind <= edge.settings.ready_lag_max, f"{behind} events behind"


def _erasures(edge: Edge) -> tuple[bool, str]:
    """Whether the vault has forgotten all that was erased; what came back is forgotten again."""
    again = edge.forget_again()
    return True, f"{again} forgotten again" if again else "what was erased is gone"


def _witnesses(edge: Edge) -> tuple[bool, str]:
    """Whether the log has what its witnesses hold. One that is not reached is told, and no more."""
    return edge.witnesses.describe()


LOOKS: dict[str, Callable[[Edge], tuple[bool, str]]] = {
    "database": _database,
    "connections": _connections,
    "guards": _guards,
    "migrations": _migrations,
    "views": _views,
    "seal": _seal,
    "witnesses": _witnesses,
    "erasures": _erasures,
}
