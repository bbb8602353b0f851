"""Why an enrollment refuses: one class for each reason, in the order of an enrollment's life."""

from __future__ import annotations

from ledger.errors import InvalidError, RuleError


class AlreadyEnrolledError(RuleError):
    """She is on her way to this micro-credential already."""

    slug = "already-enrolled"


class AlreadyHeldError(RuleError):
    """She holds this micro-credential, and did not ask to renew it."""

    slug = "already-held"


class NothingToRenewError(RuleError):
    """Only the newest award can be renewed, and only when it expires."""

    slug = "nothing-to-renew"


class EnrollmentNotOpenError(RuleError):
    """The enrollment is under review or has ended, and cannot be worked on."""

    slug = "enrollment-not-open"


class EnrollmentEndedError(RuleError):
    """The enrollment has ended."""

    slug = "enrollment-ended"


class TooManyArtifactsError(RuleError):
    """The enrollment holds as many artifacts as one can."""

    slug = "too-many-artifacts"


class EvidenceRepeatedError(RuleError):
    """This evidence is there already."""

    slug = "evidence-repeated"


class EvidenceInFutureError(InvalidError):
    """Evidence cannot be of a day that has come nowhere."""

    slug = "evidence-in-future"


class EvidenceUnknownError(InvalidError):
    """There is no such evidence in this enrollment."""

    slug = "evidence-unknown"


class EvidenceSubmittedError(RuleError):
    """What was handed in stays on the record; leave it out of the next attempt instead."""

    slug = "evidence-submitted"


class EvidenceMissingError(RuleError):
    """Required evidence is missing."""

    slug = "evidence-missing"


class StudentReleaseMissingError(RuleError):
    """Evidence with students in it needs a reference to their families' permission."""

    slug = "student-release-missing"


class EvidenceUndatedError(RuleError):
    """This micro-credential needs to know the day of the practice that evidence shows."""

    slug = "evidence-undated"


class EvidenceTooOldError(RuleError):
    """The evidence shows practice from too long ago."""

    slug = "evidence-too-old"


class PreapprovalRequiredError(RuleError):
    """Work from before the micro-credential was approved does not count."""

    slug = "preapproval-required"


class IntegrityNotAttestedError(InvalidError):
    """She has to state that the work is her own."""

    slug = "integrity-not-attested"


class CoachMeetingRequiredError(RuleError):
    """A meeting with a coach comes before a further attempt."""

    slug = "coach-meeting-required"


class NotUnderReviewError(RuleError):
    """No attempt is under review."""

    slug = "not-under-review"


class AlreadyScoredError(RuleError):
    """It has been scored already."""

    slug = "already-scored"


class ReasonMissingError(InvalidError):
    """A reason is needed."""

    slug = "reason-missing"


class FeedbackMissingError(InvalidError):
    """A decision of not yet says to her, of each criterion not met, what is missing."""

    slug = "feedback-missing"


class NoFreeSeatError(RuleError):
    """The attempt needs no further assessor now."""

    slug = "no-free-seat"


class AlreadySeatedError(RuleError):
    """The two assessors and the adjudicator are different people."""

    slug = "already-seated"


class AssessorIsEarnerError(RuleError):
    """Nobody assesses her own work."""

    slug = "assessor-is-earner"


class ConflictOfInterestError(RuleError):
    """A tie to the earner keeps this person from assessing or deciding here."""

    slug = "conflict-of-interest"


class AssessorIsCoachError(ConflictOfInterestError):
    """A coach does not assess the teacher she coaches."""

    slug = "assessor-is-coach"


class AssessorIsAuthorError(RuleError):
    """Nobody assesses work on a micro-credential that she wrote herself."""

    slug = "assessor-is-author"


class AssessedBeforeAppealError(RuleError):
    """An attempt that an appeal restored is reviewed by other people."""

    slug = "assessed-before-appeal"


class NotYourSeatError(RuleError):
    """Only an assessor who was given the attempt can score it or step back."""

    slug = "not-your-seat"


class AssignmentNotLapsedError(RuleError):
    """The assessor's time is not over."""

    slug = "assignment-not-lapsed"


class NotRecommendedError(RuleError):
    """There is no recommendation to decide on."""

    slug = "not-recommended"


class SecondDecisionError(RuleError):
    """A decision on this attempt stands already."""

    slug = "second-decision"


class DeciderIsEarnerError(RuleError):
    """Nobody decides on her own work."""

    slug = "decider-is-earner"


class DeciderIsAssessorError(RuleError):
    """Who scored the attempt does not decide on it."""

    slug = "decider-is-assessor"


class DecisionContradictedError(InvalidError):
    """An award needs every criterion met, a not yet at least one that is not."""

    slug = "decision-contradicted"


class NoIntegrityHoldError(RuleError):
    """The attempt is not held for a question of integrity."""

    slug = "no-integrity-hold"


class NotAwardedError(RuleError):
    """There is no award to revoke."""

    slug = "not-awarded"


class NotRevokedError(RuleError):
    """The award is not revoked."""

    slug = "not-revoked"


class RevocationDateError(InvalidError):
    """A revocation takes effect from the award's first day to today."""

    slug = "revocation-date"


class LaterCycleError(RuleError):
    """She has enrolled anew since, and cannot hold the same micro-credential twice."""

    slug = "later-cycle"


class NothingToAppealError(RuleError):
    """There is no decision of not yet, and no revocation, that could be appealed now."""

    slug = "nothing-to-appeal"


class SecondAppealError(RuleError):
    """This decision was appealed already."""

    slug = "second-appeal"


class AppealWindowClosedError(RuleError):
    """The time for an appeal is over."""

    slug = "appeal-window-closed"


class AppealOpenError(RuleError):
    """An appeal has to be decided first."""

    slug = "appeal-open"


class NoOpenAppealError(RuleError):
    """There is no appeal to decide."""

    slug = "no-open-appeal"


class DeciderDecidedBeforeError(RuleError):
    """Who made a decision does not decide the appeal against it."""

    slug = "decider-decided-before"


class NotTheCoachError(RuleError):
    """This person is not a coach of this enrollment."""

    slug = "not-the-coach"


class MeetingInFutureError(InvalidError):
    """A meeting cannot be of a day that has come nowhere."""

    slug = "meeting-in-future"
