"""`/rollback`: bring back a release that served well, and where it is wanted the data of then."""

from dataclasses import replace
from datetime import timedelta
from hmac import compare_digest

from commands import arguments, begun_back, buttons, from_backup, going_back, permissions, undone_restore, wanted_back
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.going_back import Choice
from commands.replies import Reply
from commands.services import Services
from commands.stopping import stop
from commands.views import rollback as view
from commands.views.blocks import code
from commands.views.choices import named
from commands.views.words import title
from commands.wanted_back import LATEST, MIGRATIONS, MOST_REASON, Wanted
from deployers.environment import Environment
from deployers.rollback import Extent, caution
from storage import deployments
from storage.models import Deployment, Kind

RECENTLY = timedelta(hours=24)
DATA_ROLES = ("operator", "approver")
"""Who may lose data on purpose: those who answer for what is deployed, not everybody who may roll back."""


@command(
    "latest|<version>|to <number>|backup latest|<name>|undo [environment] [--migrations-back] [--restore-database]"
    " [--dry-run] [--reason “…”] [--yes]",
    needs=("rollback",),
)
@audited
def rollback(request: Request, services: Services) -> Reply:
    """Bring back a release that served well: the latest one before what runs now, or the one that you name.

    It shows what would disappear and asks once more, unless `--yes` says so already. It waits for nobody's approval.
    Where data would be lost (`--migrations-back`, `--restore-database`), the environment's name has to be typed, and
    it takes an operator or an approver; `--confirm production` says it without the form. `/rollback backup` lists the
    backups, `/rollback backup undo` takes back a restore; `--dry-run` only shows. A restore may leave out the look
    afterwards (`--skip-health-check`) and the message to the channel (`--no-notify`).
    """
    wanted = wanted_back.read(request.text, services.environments)
    if wanted.environment is None:
        wanted = replace(wanted, environment=_meant(services))
    if wanted.lists:
        return _listed(request, services, wanted)
    return _go(request, services, replace(wanted, sure=wanted.sure or request.origin == "cli"))


@audited
def submitted(request: Request, services: Services) -> Reply:
    """Take the form that a bare `/rollback` opens; it still asks once more."""
    place = arguments.environment(request.fields.get("environment", ""), services.environments)
    release = request.fields.get("version", "").strip() or LATEST
    reason = request.fields.get("reason", "").strip()[:MOST_REASON]
    return _go(request, services, Wanted(place, release, reason=reason))


@audited
def confirmed(request: Request, services: Services) -> Reply:
    """Begin the rollback that was shown and confirmed; a card's own button leads to that question first."""
    pressed = buttons.read(request.value)
    with services.store.look() as session:
        shown = deployments.get(session, pressed.deployment)
    place = arguments.environment(shown.environment, services.environments)
    if pressed.target is None:
        permissions.require_rollback(services, request.person)
        return _from_card(services, shown, pressed, place)
    wanted = Wanted(place, f"#{pressed.target}", sure=True)
    return _same(request, services, wanted, (shown.number, pressed.hash))


@audited
def again(request: Request, services: Services) -> Reply:
    """Begin what a button or a form stands for, if it is still what was shown; typed where data is lost."""
    number, plan_hash, _place, words = _taken_apart(request.value)
    wanted = replace(wanted_back.read(words, services.environments), sure=True)
    wanted = replace(wanted, confirmed=request.fields.get("confirm", "").strip())
    return _same(request, services, wanted, (number, plan_hash))


def _same(request: Request, services: Services, wanted: Wanted, shown: tuple[int, str]) -> Reply:
    """Begin exactly what was shown, or nothing."""
    _demand_roles(request, services, wanted)
    choice = _choose(services, wanted)
    number, plan_hash = shown
    if choice.undoes.number != number or not compare_digest(plan_hash.encode(), choice.plan.hash.encode()):
        raise Refused(
            f"{wanted.place.name} is not as it was when you were asked, so I did nothing.",
            f"Look again: `/rollback latest {wanted.place.name}`.",
            "stale",
        )
    _demand_typed(wanted)
    return _begun(request, services, choice, wanted)


def _taken_apart(value: str) -> tuple[int, str, str, str]:
    parts = value.split(":", 3)
    if len(parts) != 4 or not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 16):
        raise Refused(
            "This button's value is not one of mine, so I did nothing.", "Ask again: `/rollback`.", "tampered"
        )
    return int(parts[0]), parts[1], parts[2], parts[3]


def _from_card(services: Services, shown: Deployment, pressed: buttons.Pressed, place: Environment) -> Reply:
    """Ask once more, with what going back would do now; the card may be old."""
    buttons.demand_same(pressed, shown)
    wanted = Wanted(place)
    choice = _choose(services, wanted)
    if choice.undoes.number != shown.number:
        raise Refused(
            f"{title(shown)} is not what runs there now; {code(named(choice.undoes))} is.",
            f"To take that back: `/rollback latest {place.name}`.",
            "stale",
        )
    return _question(services, choice, wanted)


def _go(request: Request, services: Services, wanted: Wanted) -> Reply:
    _demand_roles(request, services, wanted)
    with services.store.look() as session:
        running = going_back.active(session, wanted.place.name)
    if running and not wanted.dry:
        return _while_running(request, services, running, wanted)
    choice = _choose(services, wanted)
    if wanted.dry:
        return Reply(*view.preview(_asking(services, choice, wanted)), code="preview")
    if not wanted.sure or (wanted.extent.touches_data and not wanted.confirmed):
        return replace(_question(services, choice, wanted), ok=not wanted.sure)
    _demand_typed(wanted)
    return _begun(request, services, choice, wanted)


def _demand_roles(request: Request, services: Services, wanted: Wanted) -> None:
    permissions.require_rollback(services, request.person)
    if wanted.extent.touches_data and not wanted.dry:
        permissions.require(services, request.person, *DATA_ROLES, to="take data back")


def _demand_typed(wanted: Wanted) -> None:
    """Have whoever takes data back say of which environment, letter for letter."""
    place = wanted.place.name
    if wanted.extent.touches_data and wanted.confirmed != place:
        raise Refused(
            f"Data would be lost on {place}, and {code(wanted.confirmed or 'nothing')} is not its name: I did nothing.",
            f"Type `{place}` to confirm, on the command line `--confirm {place}`.",
            "confirm",
        )


def _choose(services: Services, wanted: Wanted) -> Choice:
    if wanted.undoes:
        return undone_restore.choose(services, wanted)
    if wanted.backup:
        return from_backup.choose(services, wanted)
    return going_back.choose(services, wanted.place, wanted.release, migrations_back=wanted.migrations_back)


def _while_running(request: Request, services: Services, running: Deployment, wanted: Wanted) -> Reply:
    """Stop what runs and go back, if that is what was meant; a rollback that runs already is left alone."""
    if running.kind is Kind.ROLLBACK:
        raise Refused(f"{title(running)} is going back already.", "Watch its card.", "running")
    if wanted.sure and wanted.release.casefold() == LATEST and wanted.extent is Extent.CODE:
        return stop(request, services, buttons.Pressed(running.number, ""), back=True)
    with services.store.look() as session:
        back = deployments.current(session, running.environment)
    text, blocks = view.while_running(running, named(back) if back else "")
    return Reply(text, blocks, ok=False, code="running")


def _question(services: Services, choice: Choice, wanted: Wanted) -> Reply:
    """Ask once more; meanwhile the targets are reached, so that a yes takes effect at once."""
    services.warm(wanted.place)
    text, blocks = view.question(_asking(services, choice, wanted))
    return Reply(text, blocks, code="confirm")


def _asking(services: Services, choice: Choice, wanted: Wanted) -> view.Asking:
    target, way = choice.target, choice.way
    backup = "" if wanted.undoes else str(choice.plan.restores.get("backup", ""))
    hint = f"With its migrations: {code(f'/rollback {target.name} {way.environment} --{MIGRATIONS}')}."
    offers = way.extent is Extent.CODE and way.asks and choice.environment.recipe.migrate_back
    return view.Asking(
        deployment=choice.undoes.number,
        plan_hash=choice.plan.hash,
        ref=target.ref,
        sha=target.sha,
        way=way,
        words=wanted.words(backup or target.name),
        now=services.now(),
        number=target.number,
        served_at=target.served_at,
        backup=backup,
        undoes=wanted.undoes,
        commits=tuple((it.sha, it.subject, it.author) for it in choice.difference.behind),
        commits_count=choice.difference.behind_count,
        remarks=choice.remarks,
        hint=hint if offers else "",
    )


def _begun(request: Request, services: Services, choice: Choice, wanted: Wanted) -> Reply:
    deployment = begun_back.begin(request, services, choice, wanted)
    channel = f"#{services.deployments_channel.removeprefix('#')}"
    said = f"{title(deployment)} begins; watch its card in {channel}."
    return Reply(f"{said} {caution(choice.way, services.now())}".strip())


def _listed(request: Request, services: Services, wanted: Wanted) -> Reply:
    """List the backups, to whoever may make one or go back to it: the hosts are asked what lies on them."""
    roles = (*permissions.rollback_roles(services.people), "approver")
    permissions.require(services, request.person, *roles, to="see the backups")
    place = wanted.place
    return Reply(*view.backups(place.name, *from_backup.known(services, place)), code="listed")


def _meant(services: Services) -> Environment:
    """Return the environment that must be meant: the only one, the only guarded one, or the only one used lately."""
    every = list(services.environments.values())
    guarded = [it for it in every if it.approvals.required or it.after]
    for few in (every, guarded):
        if len(few) == 1:
            return few[0]
    with services.store.look() as session:
        since = services.now() - RECENTLY
        recent = {it.environment for it in deployments.history(session, None, 50) if it.requested_at >= since}
    used = [it for it in every if it.name in recent]
    if len(used) == 1:
        return used[0]
    names = " or ".join(f"`/rollback latest {it.name}`" for it in every)
    raise Refused("Say which environment goes back.", f"Type {names}." if names else "None is configured.", "arguments")
