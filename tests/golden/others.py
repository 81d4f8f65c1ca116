"""What is answered privately: status, plan, steps, refusals, questions; from made-up facts that never change."""

from typing import Any

from commands.replies import Block
from commands.views import decided, details, history, modal, plan, refusal, status, thread
from deployers import gates
from deployers.environment import Approvals
from deployers.ports import Difference, Revision
from deployers.strategies import plan_for
from storage.models import Decision, Status, TargetRecord
from storage.reports import EnvironmentStatus
from tests.builders import NOW, an_approval
from tests.golden.cards import CARDS, HASH, SEEN, deployment, sha
from tests.unit.commands.world import environment


def others() -> dict[str, Any]:
    """Return every private answer by the name of its file."""
    places = {name: environment(name, approvals=Approvals()) for name in ("staging", "production")}
    return {
        "thread_succeeded": thread.succeeded_line(CARDS["succeeded"]()),
        "thread_nudge": thread.nudge_line(deployment(Status.AWAITING_APPROVAL), "<!subteam^S0REL>", 1, "U0ANA"),
        "status": message(status.shown([(calm("staging"), None), (busy(), CARDS["running"]())])),
        "status_in_trouble": message(status.shown([(split(), CARDS["incomplete"]())])),
        "status_empty": message(status.shown([(EnvironmentStatus("production", None, None, (), None, ()), None)])),
        "history": message(history.shown([CARDS[name]().deployment for name in CARDS], "production")),
        "history_empty": message(history.shown([], None)),
        "details": message(details.details(CARDS["rolled_back"]())),
        "plan": message(plan.shown(_plan(), SEEN, gates.Allowed(approvals=1))),
        "plan_refused": message(plan.shown(_plan(), {**SEEN, "risks": []}, _frozen())),
        "refusal": message(refusal.refused(_frozen())),
        "decided": _rejected(),
        "modal_deploy": modal.deploy(places),
        "modal_rollback": modal.rollback(places),
        "modal_reject": modal.reject(f"12:{HASH}"),
    }


def message(said: tuple[str, tuple[Block, ...]]) -> dict[str, Any]:
    """Return an answer as one value."""
    return {"text": said[0], "blocks": list(said[1])}


def calm(name: str) -> EnvironmentStatus:
    """Return an environment where nothing happens."""
    current = deployment(Status.SUCCEEDED, number=11, ref="v2.2", sha=sha("v2.2"), served_at=NOW, environment=name)
    return EnvironmentStatus(name, current, None, (), None, _serving("v2.2", "v2.2"))


def busy() -> EnvironmentStatus:
    """Return production while a deployment runs and another waits."""
    quiet = calm("production")
    waits = deployment(Status.AWAITING_APPROVAL, number=13, ref="v2.4")
    return EnvironmentStatus("production", quiet.current, deployment(Status.RUNNING), (waits,), None, quiet.targets)


def split() -> EnvironmentStatus:
    """Return production after a deployment stopped half way."""
    quiet = calm("production")
    running = deployment(Status.INCOMPLETE)
    return EnvironmentStatus("production", quiet.current, running, (), None, _serving("v2.3", "v2.2"))


def _serving(*refs: str) -> tuple[TargetRecord, ...]:
    return tuple(
        TargetRecord(environment="production", name=f"web{number}", sha=sha(ref), changed_at=NOW)
        for number, ref in enumerate(refs, 1)
    )


def _plan() -> Any:
    return plan_for(
        environment(),
        kind="deploy",
        revision=Revision("v2.3", "refs/tags/v2.3", sha("v2.3")),
        replaces=sha("v2.2"),
        release="20261124090000-7632",
        difference=Difference((), 14, (), 0, ("migrations/007_names.py",), 9, 120, 33, ()),
        strategy="rolling",
    )


def _frozen() -> gates.Refused:
    return gates.Refused(
        "frozen", "production is frozen until Mon 07:00 (weekend).", NOW, "<!subteam^S0OPS>", "/deploy production v2.3"
    )


def _rejected() -> str:
    no = an_approval(12, "U0LEA", decision=Decision.REJECTED)
    no.reason = "not on a Friday"
    return decided.decided(deployment(Status.REJECTED), [no])
