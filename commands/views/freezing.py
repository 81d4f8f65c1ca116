"""What is told of a freeze: who, when, why, until when, and the command that lifts it."""

from datetime import datetime

from commands.views.blocks import code, escape, line
from commands.views.words import name_of, when, who
from deployers.snapshot import Frozen
from storage.models import Deployment, FreezeRecord


def frozen(freeze: FreezeRecord | None) -> Frozen | None:
    """Return what the gates look at."""
    if freeze is None:
        return None
    return Frozen(name_of(freeze.by, freeze.name), freeze.reason, freeze.since, freeze.until)


def taken_back(deployment: Deployment | None) -> str:
    """Return what became of a release that Shipmate took back; empty where it never did."""
    if deployment is None:
        return ""
    why = str((deployment.failure or {}).get("message") or deployment.reason or "it was not well")
    return f"#{deployment.id}, {deployment.finished_at:%d %b %H:%M} UTC: {' '.join(why.split())[:300]}"


def made(freeze: FreezeRecord) -> str:
    """Return what the one who froze it reads."""
    lifts = code(f"/ops unfreeze {freeze.environment}")
    ends = f"until {when(freeze.until)}, or until {lifts}" if freeze.until else f"until {lifts}"
    return f"*{escape(freeze.environment)}* is frozen {ends}. Nothing is deployed there; going back is not stopped."


def lifted(freeze: FreezeRecord) -> str:
    """Return what the one who lifted it reads."""
    return (
        f"*{escape(freeze.environment)}* can be deployed to again. {who(freeze.by, freeze.name)} had frozen it"
        f" {when(freeze.since)}: {line(freeze.reason, 300)}"
    )


def told(freeze: FreezeRecord) -> str:
    """Return the freeze in one sentence."""
    ends = f" until {when(freeze.until)}" if freeze.until else ""
    by = who(freeze.by, freeze.name)
    return (
        f"{escape(freeze.environment)} is frozen{ends} by {by} since {when(freeze.since)}: {line(freeze.reason, 300)}"
    )


def standing(freeze: FreezeRecord | None, at: datetime | None) -> str:
    """Return the freeze that holds an environment, with the command that lifts it; empty where none does."""
    if freeze is None or at is None or not freeze.holds(at):
        return ""
    return f":snowflake: {told(freeze).rstrip('.')}. To lift it: {code(f'/ops unfreeze {freeze.environment}')}"
