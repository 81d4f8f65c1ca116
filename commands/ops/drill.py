"""`/ops drill`: try now whether the newest backup can be restored."""

from commands import permissions
from commands.auditing import audited
from commands.backed import meant
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views import backups as view
from commands.views.blocks import escape
from storage import backups, drills
from storage.models import DrillRecord


@command("<environment>", needs=("operator", "approver"))
@audited
def drill(request: Request, services: Services) -> Reply:
    """Try whether an environment's newest backup can be restored, in a scratch place, and measure how long it takes."""
    permissions.require(services, request.person, "operator", "approver", to="try a backup")
    place = meant(request, services, "drill")
    now = services.now()
    with services.store.begin() as session:
        newest = backups.newest(session, place.name)
        if newest is None:
            raise Refused(f"There is no backup of {place.name} to try.", f"First: `/ops backup {place.name}`.", "none")
        if drills.wanted(session, place.name):
            return Reply(f"A drill of {escape(place.name)} is under way already.")
        row = DrillRecord(
            key=f"asked:{request.key}",
            environment=place.name,
            backup=newest.name,
            host=newest.host,
            by=request.person.id,
            by_name=request.person.name,
            channel=services.deployments_channel,
            wanted_at=now,
        )
        if drills.want(session, row):
            record(session, services, request, f"environment:{place.name}", "drill.asked", backup=newest.name)
        name = newest.name
    return Reply(view.drill_asked(place.name, name, services.deployments_channel))
