"""Tick what a person has done on the card of a check, or take the tick back."""

from dataclasses import dataclass

from commands import permissions
from commands.auditing import audited
from commands.command import Request
from commands.errors import CommandError, Refused
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views.words import when, who
from storage import checklists
from storage.models import ChecklistPoint
from storage.store import Session


@dataclass(frozen=True, slots=True)
class Ticked:
    """Which box on which card was changed, and whether it is ticked now."""

    run: int
    point: int
    on: bool


@audited
def tick(request: Request, services: Services) -> Reply:
    """Keep who ticked a point and when; every card that shows it is drawn again."""
    ticked = read(request)
    try:
        permissions.require(services, request.person, *_roles(services), to="tick a checklist")
        return _tick(request, services, ticked)
    except CommandError:
        # The box on their screen has changed already: it is put right by drawing the card again.
        with services.store.begin() as session:
            checklists.show(session, checklists.get_for_change(session, ticked.run), services.now())
        raise


def read(request: Request) -> Ticked:
    """Return what was changed; raises Refused for a box that is on nobody's card."""
    name, value = next(iter(request.fields.items()), ("", ""))
    parts = name.split(":")
    if len(parts) != 4 or parts[0] != "point" or not all(it.isascii() and it.isdigit() for it in parts[1:]):
        raise Refused("This box is not one of mine, so I did nothing.", "Look at the newest card.", "tampered")
    return Ticked(int(parts[1][:15]), int(parts[2][:15]), value == "done")


def _roles(services: Services) -> tuple[str, ...]:
    own = (place.approvals.role for place in services.environments.values())
    return tuple(dict.fromkeys((*permissions.ROLES, *own)))


def _tick(request: Request, services: Services, ticked: Ticked) -> Reply:
    now = services.now()
    with services.store.begin() as session:
        point = checklists.point_for_change(session, ticked.point)
        if ticked.on and point.ticked_at:
            said = f"{who(point.ticked_by or '', point.ticked_name)} ticked that already, {when(point.ticked_at)}."
            _shown(session, services, point, ticked)
            return Reply(said)
        if not ticked.on:
            _demand_newest(session, point)
        point.ticked_by = request.person.id if ticked.on else None
        point.ticked_name = request.person.name if ticked.on else ""
        point.ticked_at = now if ticked.on else None
        session.add(point)
        _shown(session, services, point, ticked)
        action = "checklist.ticked" if ticked.on else "checklist.unticked"
        detail = {"point": point.number, "text": point.text, "card": ticked.run}
        record(session, services, request, f"checklist:{point.checklist}", action, **detail)
    return Reply("")


def _demand_newest(session: Session, point: ChecklistPoint) -> None:
    latest = checklists.latest_point(session, point.checklist, point.text)
    if latest and latest.number != point.number:
        raise Refused("This is done: a newer card asks for it again.", "Tick it there when it is done.", "over")


def _shown(session: Session, services: Services, point: ChecklistPoint, ticked: Ticked) -> None:
    showing = {it.number for it in checklists.newest(session, point.checklist) if point.number in it.points}
    for number in sorted(showing | {ticked.run}):
        checklists.show(session, checklists.get_for_change(session, number), services.now())
