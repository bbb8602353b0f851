"""What scores come to: met or not yet for every criterion, never an average."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ledger.errors import InvalidError
from ledger.events.credential import Criterion
from ledger.events.enrollment import CriterionResult, CriterionScore, Outcome

Results = tuple[CriterionResult, ...]
Scores = tuple[CriterionScore, ...]


class RubricMismatchError(InvalidError):
    """The scores do not fit the rubric that the enrollment is held to."""

    slug = "rubric-mismatch"


def scores_from_levels(rubric: Sequence[Criterion], levels: Mapping[str, str]) -> Scores:
    """The level seen for each criterion, turned into met or not yet by the rubric's points.

    Raises RubricMismatchError unless exactly the rubric's criteria have a level each, and each
    is a level that the criterion has.
    """
    _same_criteria(rubric, levels)
    return tuple(_score(criterion, levels[criterion.criterion]) for criterion in rubric)


def must_be_of_rubric(rubric: Sequence[Criterion], named: Iterable[str]) -> None:
    """Raises RubricMismatchError where somebody speaks of a criterion that the rubric has not."""
    wanted = {criterion.criterion for criterion in rubric}
    unknown = sorted(set(named) - wanted)
    if unknown:
        raise RubricMismatchError(
            f"the rubric has no criterion {', '.join(unknown)}", criterion=unknown[0]
        )


def results_of(scores: Iterable[CriterionScore]) -> Results:
    """What scores say about each criterion once the levels are left out."""
    return tuple(CriterionResult(criterion=s.criterion, met=s.met) for s in scores)


def results_from_findings(rubric: Sequence[Criterion], met: Mapping[str, bool]) -> Results:
    """A finding for each criterion, in the rubric's order.

    Raises RubricMismatchError unless exactly the rubric's criteria have one.
    """
    _same_criteria(rubric, met)
    return tuple(CriterionResult(criterion=c.criterion, met=met[c.criterion]) for c in rubric)


def outcome_of(results: Results) -> Outcome:
    """Met when every criterion is; one criterion not yet met cannot be made up by the others."""
    return "met" if all(result.met for result in results) else "not_yet"


def agree(first: Scores, second: Scores) -> bool:
    """Whether two assessors stand on the same side of every passing line."""
    return results_of(first) == results_of(second)


def settle(first: Scores | None, second: Scores | None, third: Scores | None) -> Results | None:
    """What two independent assessors and perhaps an adjudicator come to; None while it is open.

    The adjudicator is asked only when the two differ, and then the third scores stand.
    """
    if first is None or second is None:
        return None
    if agree(first, second):
        return results_of(first)
    return None if third is None else results_of(third)


def _score(criterion: Criterion, level: str) -> CriterionScore:
    points = {known.level: known.points for known in criterion.levels}
    if level not in points:
        raise RubricMismatchError(
            f"the levels of criterion {criterion.criterion!r} are {', '.join(points)}",
            criterion=criterion.criterion,
        )
    met = points[level] >= criterion.passing_points
    return CriterionScore(criterion=criterion.criterion, level=level, met=met)


def _same_criteria(rubric: Sequence[Criterion], given: Iterable[str]) -> None:
    wanted, named = {criterion.criterion for criterion in rubric}, set(given)
    if wanted != named:
        missing, unknown = sorted(wanted - named), sorted(named - wanted)
        raise RubricMismatchError(
            f"every criterion of the pinned rubric is needed and no other; "
            f"missing: {', '.join(missing) or 'none'}; not in it: {', '.join(unknown) or 'none'}",
            missing=missing,
            unknown=unknown,
        )
