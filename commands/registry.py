"""Everything that can be said, pressed and submitted: tuples that someone can read."""

from commands import approvals, deploy, greeting, home, retrying, rollback, stopping, telling
from commands.command import Action, Modal
from commands.deploys import hold
from commands.deploys import resolve as resolving
from commands.deploys.cancel import cancel
from commands.deploys.diff import diff
from commands.deploys.history import history
from commands.deploys.nudge import nudge
from commands.deploys.plan import plan
from commands.deploys.status import status
from commands.deploys.why import why
from commands.family import family
from commands.ops import freeze as freezing
from commands.ops import maintenance
from commands.ops.backup import backup
from commands.ops.check import check
from commands.ops.drill import drill
from commands.ops.ops import ops
from commands.ops.prs import prs
from commands.ops.review import review
from commands.ops.tick import tick
from commands.views import modal

WORDS = (plan, diff, why, status, history, cancel, nudge, hold.answer, resolving.resolve)
"""What may follow `/deploy` instead of an environment."""

OPS = (check, maintenance.maintenance, freezing.freeze, freezing.unfreeze, review, backup, drill, prs)
"""What follows `/ops`."""

FAMILIES = {"deploy": WORDS, "ops": OPS}
"""Commands with words of their own."""

OPS_COMMAND = family(ops, OPS)

COMMANDS = (
    family(deploy.deploy, WORDS, beside=(OPS_COMMAND, rollback.rollback)),
    OPS_COMMAND,
    rollback.rollback,
)

ACTIONS = (
    Action("deployment.approve", approvals.approve),
    Action("deployment.cancel", stopping.cancel_button),
    Action("deployment.abort", stopping.abort_button),
    Action("deployment.abort_back", stopping.abort_back_button),
    Action("deployment.rollback", rollback.confirmed),
    Action("rollback.same", rollback.again),
    Action("deployment.retry", retrying.retry_button),
    Action("deployment.details", telling.details_button),
    Action("step.ran", resolving.button(resolving.RAN)),
    Action("step.did_not_run", resolving.button(resolving.DID_NOT_RUN)),
    *(Action(f"hold.{word}", hold.pressed) for word in hold.WORDS if word not in hold.LOSES_DATA),
    Action("checklist.tick", tick),
    Action("home.check", check),
    Action("maintenance.on", maintenance.confirmed),
)

SUBMISSIONS = (
    Action("deploy", deploy.submitted),
    Action("rollback", rollback.submitted),
    Action("rollback.typed", rollback.again),
    Action("hold.typed", hold.pressed),
    Action("deployment.reject", approvals.reject),
)

OPENED = (Action("app_home_opened", home.opened),)
"""What is looked at."""

MESSAGES = (Action("message", greeting.greeter(COMMANDS, FAMILIES)),)
"""What is written to the bot without a command."""

MODALS = (
    Modal("home.deploy", lambda _request, services: modal.deploy(services.environments)),
    Modal("deploy", lambda _request, services: modal.deploy(services.environments)),
    Modal("rollback", lambda _request, services: modal.rollback(services.environments)),
    Modal("hold.typed", lambda request, _services: modal.answered(request.value)),
    Modal("rollback.typed", lambda request, _services: modal.typed(request.value)),
    Modal("deployment.reject", lambda request, _services: modal.reject(request.value)),
)

SUGGESTIONS = ("deploy.ref",)
"""Menus that are filled with tags and branches while somebody types."""
