"""The entities and their rules; no sessions here."""

from storage.models.approval import Approval, Decision
from storage.models.audit import AuditEntry, AuditHead
from storage.models.backup import BackupRecord, BackupState, DrillRecord, DrillState
from storage.models.check_run import CheckRun
from storage.models.checklist import ChecklistPoint, ChecklistRun, HealthSample, RunState, ScheduleSlot
from storage.models.cooling import Cooling
from storage.models.deployment import FINISHED, HOLDS, NEXT, WAITING, Deployment, Kind, Status
from storage.models.freeze import FreezeRecord
from storage.models.github import HeardEvent, Shipment
from storage.models.hold import ABORTED, ANSWERS, BY_ITSELF, OVERTAKEN, WELL, Hold, HoldKind
from storage.models.inbox import Asking, InboxRow, InboxState
from storage.models.lock import Leadership, Lock
from storage.models.look import LookRecord
from storage.models.maintenance import MaintenanceSwitch, SwitchState, Told
from storage.models.outbox import OutboxRow, OutboxState, Saying
from storage.models.plan import StoredPlan
from storage.models.review import Review
from storage.models.spooled import SpooledEntry
from storage.models.step import StepRecord, StepState
from storage.models.target import TargetRecord

__all__ = [
    "ABORTED",
    "ANSWERS",
    "BY_ITSELF",
    "FINISHED",
    "HOLDS",
    "NEXT",
    "OVERTAKEN",
    "WAITING",
    "WELL",
    "Approval",
    "Asking",
    "AuditEntry",
    "AuditHead",
    "BackupRecord",
    "BackupState",
    "CheckRun",
    "ChecklistPoint",
    "ChecklistRun",
    "Cooling",
    "Decision",
    "Deployment",
    "DrillRecord",
    "DrillState",
    "FreezeRecord",
    "HealthSample",
    "HeardEvent",
    "Hold",
    "HoldKind",
    "InboxRow",
    "InboxState",
    "Kind",
    "Leadership",
    "Lock",
    "LookRecord",
    "MaintenanceSwitch",
    "OutboxRow",
    "OutboxState",
    "Review",
    "RunState",
    "Saying",
    "ScheduleSlot",
    "Shipment",
    "SpooledEntry",
    "Status",
    "StepRecord",
    "StepState",
    "StoredPlan",
    "SwitchState",
    "TargetRecord",
    "Told",
]
