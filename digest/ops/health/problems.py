"""The problems that checks report."""

from dataclasses import dataclass

DOCTOR = "/admin/doctor/"


@dataclass(frozen=True)
class HealthProblem:
    """Something that is wrong now. `key` begins with the name of its check: “disk”, or “disk:host”."""

    key: str
    heading: str
    text: str  # what it means, and what to do
    path: str = DOCTOR
    is_reported: bool = False  # by the process itself, which has begun the incident
