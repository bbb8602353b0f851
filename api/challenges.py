"""Who wins a challenge: read off the leaderboard at a position, and recorded once."""

from __future__ import annotations

from uuid import UUID

from api.edge import Edge
from ledger.aggregates.challenge import Challenge
from ledger.application import Call, Receipt
from ledger.commands import challenge as commands
from ledger.errors import ConflictError, NotFoundError, RuleError
from ledger.rules.challenges import Standing
from ledger.store import EVERYTHING
from projections.leaderboard import VIEWS, board


class SubmissionsUnscoredError(RuleError):
    """Something that was handed in in time is not scored yet, so nobody has won."""

    slug = "submissions-unscored"


def award(edge: Edge, call: Call, *, challenge: Challenge, team: int) -> Receipt:
    """Award the prize to the team that stands first, which the caller names as she saw it.

    Raises ConflictError when another team stands first by now.
    """
    earlier = edge.ledger.replayed(call)
    if earlier is not None:
        return earlier
    challenge.must_be_over(call.at)
    position = edge.ledger.recorder.last_position()
    edge.visible(VIEWS, position)
    return commands.award_prize(
        edge.ledger,
        call,
        challenge_id=challenge.id,
        standing=_first(edge, challenge.id, team, position),
        through_position=position,
    )


def _first(edge: Edge, challenge_id: UUID, team: int, position: int) -> Standing:
    with edge.reading([EVERYTHING]) as connection:
        found = board(connection, challenge_id, position)
    if found is None:
        raise NotFoundError(f"there is no challenge {challenge_id}")
    unscored = sum(one.unscored for one in found.standings)
    if unscored:
        raise SubmissionsUnscoredError(f"{unscored} submissions are not scored yet")
    first = next((one for one in found.standings if one.rank == 1), None)
    if first is None or first.team != team:
        raise ConflictError("this team does not stand first; read the leaderboard again")
    return first
