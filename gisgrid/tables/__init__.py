"""The mapped classes, by topic."""

from gisgrid.tables.access import (
    AccessToken,
    Account,
    Appointment,
    AuditEntry,
    LogInTry,
    Purpose,
    RoleRight,
)
from gisgrid.tables.addresses import AddressKey, AddressName, AddressStreet, Alias
from gisgrid.tables.base import SRID, Base
from gisgrid.tables.cases import (
    CalendarYear,
    Case,
    CaseClock,
    CaseStep,
    FlowState,
    FlowStep,
    FlowVersion,
)
from gisgrid.tables.duties import (
    Backup,
    CorrectionRequest,
    PositionTotal,
    RetentionRun,
    WorkerPosition,
)
from gisgrid.tables.events import Event, Matter, MatterList, Photo, RefusedDemand
from gisgrid.tables.handling import (
    Asset,
    Duty,
    Emergency,
    LegacyProblem,
    LegacyReview,
    Notice,
    Suggestion,
)
from gisgrid.tables.learning import (
    Document,
    DocumentVersion,
    ReadReceipt,
    Training,
    TrainingAttendee,
)
from gisgrid.tables.lineage import History, ImportRun
from gisgrid.tables.people import Staff, TeamMember
from gisgrid.tables.places import Area, Parcel, Street, Township
from gisgrid.tables.plans import EventGrid, Grid, HouseGrid, Plan
from gisgrid.tables.register import House, Household, Resident
from gisgrid.tables.scenarios import GridSuccessor, Job, PlanStep, ScenarioLock, ScenarioMove
from gisgrid.tables.studies import Study
from gisgrid.tables.visits import Station, Visit, WorkloadWeights

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
    "Base",
    "CalendarYear",
    "Case",
    "CaseClock",
    "CaseStep",
    "CorrectionRequest",
    "Document",
    "DocumentVersion",
    "Duty",
    "Emergency",
    "Event",
    "EventGrid",
    "FlowState",
    "FlowStep",
    "FlowVersion",
    "Grid",
    "GridSuccessor",
    "History",
    "House",
    "HouseGrid",
    "Household",
    "ImportRun",
    "Job",
    "LegacyProblem",
    "LegacyReview",
    "LogInTry",
    "Matter",
    "MatterList",
    "Notice",
    "Parcel",
    "Photo",
    "Plan",
    "PlanStep",
    "PositionTotal",
    "Purpose",
    "ReadReceipt",
    "RefusedDemand",
    "Resident",
    "RetentionRun",
    "RoleRight",
    "ScenarioLock",
    "ScenarioMove",
    "Staff",
    "Station",
    "Street",
    "Study",
    "Suggestion",
    "TeamMember",
    "Township",
    "Training",
    "TrainingAttendee",
    "Visit",
    "WorkerPosition",
    "WorkloadWeights",
]
