"""What is said of maintenance, asked once more, standing and over; from made-up facts that never change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from commands.views import home, maintenance, status
from storage.models import MaintenanceSwitch, Status, SwitchState, Told
from tests.builders import NOW
from tests.golden.cards import deployment
from tests.golden.others import calm, message

GOOD, LOST = Told("m3-1.0.web1.1", settled="succeeded"), Told("", why="web2 cannot be reached: <no route> to host")


def maintenances() -> dict[str, Any]:
    """Return every view of maintenance by the name of its file."""
    asking = maintenance.Asking("production", timedelta(minutes=45), "Back at <noon>", 2, 0)
    command = "/ops maintenance on production --for 45m --message 'Back at <noon>' --yes"
    ended = deployment(Status.SUCCEEDED)
    return {
        "maintenance_question": message(maintenance.question(asking, command)),
        "maintenance_on": maintenance.outcome(switch()),
        "maintenance_on_partly": maintenance.outcome(switch(state=SwitchState.PARTLY, web2=LOST)),
        "maintenance_on_nowhere": maintenance.outcome(switch(state=SwitchState.PARTLY, web1=LOST, web2=LOST)),
        "maintenance_dropped": maintenance.outcome(switch(state=SwitchState.DROPPED), ended),
        "maintenance_off": maintenance.outcome(switch(keeps_out=False)),
        "maintenance_off_by_itself": maintenance.outcome(switch(keeps_out=False, by="shipmate")),
        "maintenance_off_partly": maintenance.outcome(switch(keeps_out=False, state=SwitchState.PARTLY, web2=LOST)),
        "maintenance_off_by_a_deployment": maintenance.outcome(switch(keeps_out=False), ended),
        "maintenance_met": maintenance.met(switch(), ended, lets_in=True),
        "maintenance_met_by_hand": maintenance.met(switch(), ended, lets_in=False),
        "maintenance_let_in_partly": maintenance.partly_let_in(switch(web2=replace(GOOD, let_in_by=12))),
        "status_in_maintenance": message(status.shown([(_in_maintenance(), None)])),
        "home_in_maintenance": home.shown(
            home.Home(home.Viewer("U0GUS", "Gus", frozenset()), NOW, (home.Place(_in_maintenance()),))
        ),
    }


def switch(
    *, keeps_out: bool = True, state: SwitchState = SwitchState.DONE, by: str = "U0OMAR", **hosts: Told
) -> MaintenanceSwitch:
    """Return a switch of production's maintenance, and what became of it."""
    made = MaintenanceSwitch(
        id=3,
        key="k",
        environment="production",
        keeps_out=keeps_out,
        state=state,
        by=by,
        name="omar",
        message="Back at <noon>" if keeps_out else "",
        asked_at=NOW,
        until=NOW + timedelta(minutes=45) if keeps_out else None,
        changed_at=NOW,
    )
    for host, told in ({"web1": GOOD, "web2": GOOD} | hosts).items():
        made.tell(host, told)
    return made


def _in_maintenance() -> Any:
    return replace(calm("production"), maintenance=switch())
