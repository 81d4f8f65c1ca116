"""How environments answered, look by look, and what that amounts to."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from storage.models import HealthSample

WELL, SICK = "well", "sick"


@dataclass(frozen=True, slots=True)
class Summary:
    """What many looks at one environment amount to."""

    well: int = 0
    sick: int = 0
    blind: int = 0
    """Looks that could not be taken; they say nothing."""
    p95: float | None = None
    """Within so many seconds 95 of 100 good answers came."""

    @property
    def told(self) -> int:
        """Return how many looks say something."""
        return self.well + self.sick

    @property
    def percent(self) -> float | None:
        """Return how many of 100 looks were good; None where nobody looked."""
        return 100 * self.well / self.told if self.told else None


def add(session: Session, sample: HealthSample) -> None:
    """Store one look."""
    session.add(sample)
    session.flush()


def forget(session: Session, environment: str, before: datetime) -> None:
    """Delete an environment's looks from before then."""
    session.exec(
        delete(HealthSample).where(col(HealthSample.environment) == environment, col(HealthSample.at) < before)
    )


def forget_others(session: Session, environments: set[str]) -> None:
    """Delete the looks at environments that are no longer configured."""
    session.exec(delete(HealthSample).where(col(HealthSample.environment).not_in(environments)))


def summary(session: Session, environment: str, since: datetime, until: datetime) -> Summary:
    """Return what the looks of a time amount to."""
    meant = (col(HealthSample.environment) == environment, col(HealthSample.at) >= since, col(HealthSample.at) < until)
    counted = select(HealthSample.look, func.count()).where(*meant).group_by(col(HealthSample.look))
    counts = dict(session.exec(counted).all())
    well = counts.pop(WELL, 0)
    sick = counts.pop(SICK, 0)
    quick = (
        select(HealthSample.seconds)
        .where(*meant, col(HealthSample.look) == WELL)
        .order_by(col(HealthSample.seconds))
        .offset(max(0, -(-well * 95 // 100) - 1))
        .limit(1)
    )
    return Summary(well, sick, sum(counts.values()), session.exec(quick).first())


def newest(session: Session, environment: str, limit: int) -> list[HealthSample]:
    """Return the newest looks at an environment, oldest first."""
    found = session.exec(
        select(HealthSample)
        .where(HealthSample.environment == environment)
        .order_by(col(HealthSample.at).desc())
        .limit(limit)
    )
    return list(found)[::-1]
