"""The mapped classes, by topic."""

from gisgrid.db.tables.access import (
    AccessToken,
    Account,
    Appointment,
    AuditEntry,
    LogInTry,
    Purpose,
    RoleRight,
)
from gisgrid.db.tables.addresses import AddressKey, AddressName, AddressStreet, Alias
from gisgrid.db.tables.base import SRID, Base
from gisgrid.db.tables.cases import (
    CalendarYear,
    Case,
    CaseClock,
    CaseStep,
    DayFigure,
    FlowState,
    FlowStep,
    FlowVersion,
    StaleDay,
)
from gisgrid.db.tables.clock import ClockTask
from gisgrid.db.tables.duties import (
    Backup,
    BackupDrill,
    CorrectionRequest,
    PositionTotal,
    RetentionRun,
    WorkerPosition,
)
from gisgrid.db.tables.events import (
    Event,
    Matter,
    MatterChange,
    MatterList,
    MatterSupplement,
    Photo,
    RefusedDemand,
)
from gisgrid.db.tables.handling import (
    Asset,
    Duty,
    Emergency,
    Notice,
    OpenProblem,
    ProblemReview,
    Suggestion,
)
from gisgrid.db.tables.imports import FileImport, FileImportPart
from gisgrid.db.tables.learning import (
    Document,
    DocumentDraft,
    DocumentVersion,
    DraftComment,
    ReadReceipt,
    StaffProfile,
    Training,
    TrainingAttendee,
)
from gisgrid.db.tables.lineage import History, ImportRun
from gisgrid.db.tables.means import Means
from gisgrid.db.tables.office import OfficeJob, SubjectRequest
from gisgrid.db.tables.outbox import (
    EmailCode,
    OutboxChannel,
    OutboxDelivery,
    OutboxMessage,
    OutboxPerson,
    OutboxWish,
)
from gisgrid.db.tables.people import Staff, TeamMember
from gisgrid.db.tables.phones import PhoneEntry, PhoneHalf
from gisgrid.db.tables.places import Area, Parcel, SettingChange, Street, Township
from gisgrid.db.tables.plans import EventGrid, Grid, HouseGrid, Plan
from gisgrid.db.tables.register import House, Household, Resident
from gisgrid.db.tables.register_entries import EntryPhoto, HouseChange, RegisterEntry, SleepReason
from gisgrid.db.tables.scenarios import GridSuccessor, Job, PlanStep, ScenarioLock, ScenarioMove
from gisgrid.db.tables.studies import Study
from gisgrid.db.tables.visits import Station, Visit, WorkloadWeights

__all__ = [
    "SRID",
    "AccessToken",
    "Account",
    "AddressKey",
    "AddressName",
    "AddressStreet",
    "Alias",
    "Appointment",
    "Area",
    "Asset",
    "AuditEntry",
    "Backup",
    "BackupDrill",
    "Base",
    "CalendarYear",
    "Case",
    "CaseClock",
    "CaseStep",
    "ClockTask",
    "CorrectionRequest",
    "DayFigure",
    "Document",
    "DocumentDraft",
    "DocumentVersion",
    "DraftComment",
    "Duty",
    "EmailCode",
    "Emergency",
    "EntryPhoto",
    "Event",
    "EventGrid",
    "FileImport",
    "FileImportPart",
    "FlowState",
    "FlowStep",
    "FlowVersion",
    "Grid",
    "GridSuccessor",
    "History",
    "House",
    "HouseChange",
    "HouseGrid",
    "Household",
    "ImportRun",
    "Job",
    "LogInTry",
    "Matter",
    "MatterChange",
    "MatterList",
    "MatterSupplement",
    "Means",
    "Notice",
    "OfficeJob",
    "OpenProblem",
    "OutboxChannel",
    "OutboxDelivery",
    "OutboxMessage",
    "OutboxPerson",
    "OutboxWish",
    "Parcel",
    "PhoneEntry",
    "PhoneHalf",
    "Photo",
    "Plan",
    "PlanStep",
    "PositionTotal",
    "ProblemReview",
    "Purpose",
    "ReadReceipt",
    "RefusedDemand",
    "RegisterEntry",
    "Resident",
    "RetentionRun",
    "RoleRight",
    "ScenarioLock",
    "ScenarioMove",
    "SettingChange",
    "SleepReason",
    "Staff",
    "StaffProfile",
    "StaleDay",
    "Station",
    "Street",
    "Study",
    "SubjectRequest",
    "Suggestion",
    "TeamMember",
    "Township",
    "Training",
    "TrainingAttendee",
    "Visit",
    "WorkerPosition",
    "WorkloadWeights",
]
