"""The loud message that tells of an emergency."""

from commands.replies import Block
from commands.views.blocks import code, context, escape, line, section
from commands.views.words import release, who
from storage.models import Deployment


def announced(deployment: Deployment, past: str) -> tuple[str, list[Block]]:
    """Return who sends what where in an emergency, why, and what is gone past."""
    by = who(deployment.requested_by, deployment.requested_name)
    what = f"{release(deployment.ref, deployment.sha)} to *{escape(deployment.environment)}*"
    told = f":rotating_light: *Emergency*: {by} sends {what} · #{deployment.id}"
    why = line(deployment.reason, 500)
    gone = f"It goes past {line(past, 300)}." if past else "It goes past no gate."
    after = f"Somebody looks back on it afterwards: {code(f'/ops review {deployment.id} …')}"
    return f"{told}: {why.rstrip('.')}. {gone}", [section(f"{told}\n{why}\n{gone}"), context(after)]
