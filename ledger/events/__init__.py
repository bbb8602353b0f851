"""The vocabulary: everything that can ever have happened, one file a stream.

`EVENT_CLASSES` is the closed registry: a topic that is not in it can be neither stored nor read.
"""

from typing import get_args

from ledger.events.acceptance import AcceptanceDecided, AcceptancePutUnderReview
from ledger.events.access import AccessGranted, AccessWithdrawn
from ledger.events.assessor import AssessorAppointed, AssessorQualified, AssessorWithdrawn
from ledger.events.base import Event
from ledger.events.batch import (
    BatchApproved,
    BatchClosed,
    BatchDownloaded,
    BatchDrafted,
    BatchExported,
    BatchFrozen,
    BatchLinesListed,
    BatchReconciled,
    BatchVoided,
    BatchWarningsAcknowledged,
    ReturnLinesListed,
    ReturnRecorded,
    SegregationViolationAttempted,
)
from ledger.events.calendar import CalendarFactRecorded
from ledger.events.challenge import (
    ChallengeCreated,
    PrizeAwarded,
    PrizeShareAwarded,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamLocked,
)
from ledger.events.class_outcome import ClassOutcomesReported, ClassOutcomesWithdrawn
from ledger.events.coaching import CoachingBegun, CoachingEnded, CoachingSessionLogged
from ledger.events.consent import ConsentToBeFoundGiven, ConsentToBeFoundWithdrawn
from ledger.events.credential import (
    CredentialAligned,
    CredentialDrafted,
    CredentialResourcesListed,
    CredentialRetired,
    CredentialVersionPublished,
    ProposalAnswered,
)
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.disclosure import DisclosuresCommitted
from ledger.events.dispute import (
    DisputeAnswered,
    DisputeOpened,
    DisputeRebutted,
    DisputeWithdrawn,
)
from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from ledger.events.enrollment import (
    Adjudicated,
    AppealDecided,
    AppealOpened,
    AssessorAssigned,
    AssessorRecused,
    AssignmentLapsed,
    Awarded,
    CoachAssigned,
    CoachMeetingRecorded,
    ConflictDeclared,
    CriteriaRemarked,
    Enrolled,
    EvidenceUploaded,
    EvidenceWithdrawn,
    IntegrityHoldResolved,
    Recommended,
    Reinstated,
    Resubmitted,
    ReviewDecided,
    Revoked,
    Scored,
    SubmissionReturned,
    Submitted,
    Withdrawn,
)
from ledger.events.entitlement import (
    CorrectionAdopted,
    EntitlementApproved,
    EntitlementHeld,
    EntitlementReleased,
    LineReleased,
    LineWrittenOff,
)
from ledger.events.equivalency import EquivalencyAdopted, EquivalencyRetired
from ledger.events.external_record import ExternalRecordImported, ExternalRecordRechecked
from ledger.events.imports import ImportCompleted, ImportStarted
from ledger.events.issuer import (
    IssuerHolidaysSet,
    IssuerRegistered,
    IssuerSuspended,
    IssuerSuspensionLifted,
    IssuerTermsChanged,
    IssuerVetted,
)
from ledger.events.issuer_trust import IssuerTrusted, IssuerTrustWithdrawn
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.events.learning_plan import (
    LearningPlanCreated,
    PlanCredentialAdded,
    PlanCredentialRemoved,
    PlanReordered,
)
from ledger.events.licensure import (
    LicenseChanged,
    LicenseClosed,
    LicenseRecorded,
    LicenseRenewed,
    LicenseRulingMade,
)
from ledger.events.merge import MergeRequested, PersonsMerged
from ledger.events.notification import (
    NotificationPreferenceSet,
    RecommendationDue,
    RecommendationSuppressed,
)
from ledger.events.opening import OpeningConfirmed, OpeningPrepared, OpeningRecorded
from ledger.events.organization import OrganizationRegistered, OrganizationRenamed
from ledger.events.pay_notice import PayNoticeActedOn, PayNoticeReopened
from ledger.events.payroll import PayrollTermsSet
from ledger.events.payroll_retention import (
    PayrollDestructionBegun,
    PayrollDestructionHeldBack,
    PayrollFilesDestroyed,
)
from ledger.events.person import (
    GuardianConsentGiven,
    GuardianConsentWithdrawn,
    IdentityLinked,
    PersonDetailsRecorded,
    PersonRegistered,
    PreServiceRecorded,
)
from ledger.events.physical_badge import (
    PhysicalBadgeCanceled,
    PhysicalBadgeDelivered,
    PhysicalBadgeRequested,
    PhysicalBadgeReturned,
    PhysicalBadgeShipped,
)
from ledger.events.policy import PolicyAdopted, PolicyRetired, PolicyRuleAdopted
from ledger.events.record import RecordIssued, RecordReissued
from ledger.events.record_keys import RecordKeyAdded, RecordKeyCompromised, RecordKeyReplaced
from ledger.events.retention import (
    ErasureBegun,
    ErasureConfirmed,
    ErasureDeferred,
    ErasureRequested,
    ErasureWithdrawn,
    HoldLifted,
    HoldPlaced,
)
from ledger.events.seal_keys import ForkRequested, LogForked, SealKeyAdded, SealKeyRetired
from ledger.events.share import ShareGranted, ShareRevoked
from ledger.events.stack import StackDefined, StackRetired
from ledger.events.vault_keys import KeyDropped, KeyRotationBegun, KeyRotationCompleted
from ledger.events.webhook import WebhookRegistered, WebhookRemoved

AnyEnrollmentEvent = (
    Enrolled
    | EvidenceUploaded
    | EvidenceWithdrawn
    | Submitted
    | Resubmitted
    | SubmissionReturned
    | AssessorAssigned
    | AssessorRecused
    | AssignmentLapsed
    | Scored
    | Adjudicated
    | CriteriaRemarked
    | Recommended
    | ReviewDecided
    | IntegrityHoldResolved
    | Awarded
    | Withdrawn
    | Revoked
    | Reinstated
    | AppealOpened
    | AppealDecided
    | CoachAssigned
    | CoachMeetingRecorded
    | ConflictDeclared
)
AnyCredentialEvent = (
    CredentialDrafted
    | CredentialVersionPublished
    | CredentialRetired
    | CredentialAligned
    | CredentialResourcesListed
    | ProposalAnswered
)
AnyIssuerEvent = (
    IssuerRegistered
    | IssuerTermsChanged
    | IssuerHolidaysSet
    | IssuerVetted
    | IssuerSuspended
    | IssuerSuspensionLifted
)
AnyStackEvent = StackDefined | StackRetired
AnyAssessorEvent = AssessorAppointed | AssessorQualified | AssessorWithdrawn
AnyPersonEvent = (
    PersonRegistered
    | PersonDetailsRecorded
    | IdentityLinked
    | PreServiceRecorded
    | GuardianConsentGiven
    | GuardianConsentWithdrawn
)
AnyEmploymentEvent = EmploymentStarted | EmploymentChanged | EmploymentEnded | EmploymentReopened
AnyOrganizationEvent = OrganizationRegistered | OrganizationRenamed
AnyAccessEvent = AccessGranted | AccessWithdrawn
AnyPolicyEvent = PolicyAdopted | PolicyRuleAdopted | PolicyRetired
AnyDossierEvent = DossierFactRecorded | DossierFactWithdrawn
AnyCalendarEvent = CalendarFactRecorded
AnyImportEvent = ImportStarted | ImportCompleted
AnyRetentionEvent = (
    HoldPlaced
    | HoldLifted
    | ErasureRequested
    | ErasureDeferred
    | ErasureWithdrawn
    | ErasureBegun
    | ErasureConfirmed
)
AnyPayrollRetentionEvent = (
    PayrollDestructionBegun | PayrollDestructionHeldBack | PayrollFilesDestroyed
)
AnyEquivalencyEvent = EquivalencyAdopted | EquivalencyRetired
AnyLicenseEvent = (
    LicenseRecorded | LicenseChanged | LicenseRenewed | LicenseClosed | LicenseRulingMade
)
AnyCreditEvent = CreditRecorded | CreditWithdrawn
AnyVaultKeysEvent = KeyRotationBegun | KeyRotationCompleted | KeyDropped
AnySealKeysEvent = SealKeyAdded | SealKeyRetired | ForkRequested | LogForked
AnyPayrollSettingsEvent = PayrollTermsSet
AnyMergeEvent = MergeRequested | PersonsMerged
AnyOpeningFileEvent = OpeningPrepared | OpeningConfirmed
AnyBatchEvent = (
    BatchDrafted
    | BatchLinesListed
    | BatchFrozen
    | BatchApproved
    | BatchClosed
    | BatchVoided
    | BatchExported
    | ReturnRecorded
    | ReturnLinesListed
    | BatchReconciled
    | BatchWarningsAcknowledged
)
AnyEntitlementEvent = (
    EntitlementHeld
    | EntitlementReleased
    | EntitlementApproved
    | CorrectionAdopted
    | LineReleased
    | LineWrittenOff
)
AnyExternalRecordEvent = ExternalRecordImported | ExternalRecordRechecked
AnyAcceptanceEvent = AcceptanceDecided | AcceptancePutUnderReview
AnyIssuerTrustEvent = IssuerTrusted | IssuerTrustWithdrawn
AnyShareEvent = ShareGranted | ShareRevoked
AnyConsentEvent = ConsentToBeFoundGiven | ConsentToBeFoundWithdrawn
AnyDisputeEvent = DisputeOpened | DisputeAnswered | DisputeRebutted | DisputeWithdrawn
AnyChallengeEvent = (
    ChallengeCreated
    | TeamFormed
    | TeamJoined
    | TeamLeft
    | TeamLocked
    | PrizeAwarded
    | PrizeShareAwarded
)
AnyPhysicalBadgeEvent = (
    PhysicalBadgeRequested
    | PhysicalBadgeCanceled
    | PhysicalBadgeShipped
    | PhysicalBadgeDelivered
    | PhysicalBadgeReturned
)
AnyLearningPlanEvent = (
    LearningPlanCreated | PlanCredentialAdded | PlanCredentialRemoved | PlanReordered
)
AnyLearningEvent = ResourceOpened | ModuleCompleted
AnyNotificationEvent = NotificationPreferenceSet | RecommendationDue | RecommendationSuppressed
AnyPayNoticeEvent = PayNoticeActedOn | PayNoticeReopened
AnyCoachingEvent = CoachingBegun | CoachingSessionLogged | CoachingEnded
AnyClassOutcomeEvent = ClassOutcomesReported | ClassOutcomesWithdrawn
AnyWebhookEvent = WebhookRegistered | WebhookRemoved
AnyRecordEvent = RecordIssued | RecordReissued
AnyRecordKeysEvent = RecordKeyAdded | RecordKeyReplaced | RecordKeyCompromised

LedgerEvent = (
    AnyEnrollmentEvent
    | AnyCredentialEvent
    | AnyIssuerEvent
    | AnyStackEvent
    | AnyAssessorEvent
    | AnyPersonEvent
    | AnyEmploymentEvent
    | AnyOrganizationEvent
    | AnyAccessEvent
    | AnyPolicyEvent
    | AnyDossierEvent
    | AnyCalendarEvent
    | AnyImportEvent
    | AnyRetentionEvent
    | AnyPayrollRetentionEvent
    | AnyEquivalencyEvent
    | AnyLicenseEvent
    | AnyCreditEvent
    | AnyVaultKeysEvent
    | AnySealKeysEvent
    | AnyPayrollSettingsEvent
    | AnyBatchEvent
    | BatchDownloaded
    | SegregationViolationAttempted
    | AnyEntitlementEvent
    | AnyWebhookEvent
    | AnyMergeEvent
    | AnyOpeningFileEvent
    | OpeningRecorded
    | AnyRecordEvent
    | AnyRecordKeysEvent
    | AnyExternalRecordEvent
    | AnyAcceptanceEvent
    | AnyIssuerTrustEvent
    | AnyChallengeEvent
    | AnyPhysicalBadgeEvent
    | AnyCoachingEvent
    | AnyShareEvent
    | AnyConsentEvent
    | AnyDisputeEvent
    | AnyNotificationEvent
    | AnyPayNoticeEvent
    | AnyLearningPlanEvent
    | AnyLearningEvent
    | AnyClassOutcomeEvent
    | DisclosuresCommitted
)

EVENT_CLASSES: dict[str, type[Event]] = {
    event_class.TOPIC: event_class for event_class in get_args(LedgerEvent)
}
