"""`/ops backup`: make a backup now, by hand."""

from datetime import timedelta

from commands import permissions
from commands.auditing import audited
from commands.backed import meant
from commands.command import Request, command
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views import backups as view
from commands.views.blocks import code, escape
from deployers.backups import naming
from deployers.environment import Environment
from storage import backups
from storage.models import BackupRecord
from storage.store import Session

LATELY = timedelta(hours=1)


@command("<environment>", needs=("operator", "approver"))
@audited
def backup(request: Request, services: Services) -> Reply:
    """Back an environment up now: its code, its configuration and its database; it is read back before it counts."""
    permissions.require(services, request.person, "operator", "approver", to="make a backup")
    place = meant(request, services, "backup")
    now = services.now()
    with services.store.begin() as session:
        if under_way := backups.last_wanted(session, place.name, now - LATELY):
            return Reply(f"I am making {code(under_way.name)} of {escape(place.name)} already.")
        row = _free(session, place, request, services)
        if backups.want(session, row):
            record(session, services, request, f"environment:{place.name}", "backup.asked", backup=row.name)
    return Reply(view.asked(place.name, row.name, services.deployments_channel))


def _free(session: Session, place: Environment, request: Request, services: Services) -> BackupRecord:
    """Return the row of a backup whose name nobody else has."""
    at = services.now()
    while backups.named(session, place.name, naming.name_at(at)):
        at += timedelta(seconds=1)
    return BackupRecord(
        key=f"asked:{request.key}",
        environment=place.name,
        name=naming.name_at(at),
        by=request.person.id,
        by_name=request.person.name,
        channel=services.deployments_channel,
        wanted_at=services.now(),
    )
