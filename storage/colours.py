"""Which side of an environment serves, and which one is still warm."""

from storage import deployments
from storage.store import Session


def live(session: Session, environment: str) -> str:
    """Return the side that serves: that of the newest served deployment; nothing where none says."""
    served = deployments.current(session, environment)
    if served is None:
        return ""
    colour: str = deployments.stored_plan(session, served.number).document.get("colour", "")
    return colour
