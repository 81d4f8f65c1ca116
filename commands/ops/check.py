"""`/ops check`: look at everything now, and post what was found."""

from dataclasses import dataclass

from commands import arguments
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views.blocks import code, escape
from commands.views.words import who
from deployers.checklists import Checklist
from storage import checklists
from storage.models import ChecklistRun
from storage.store import Session

DEFAULT = "daily"
EXAMPLE = "For example `/ops check` or `/ops check weekly production`."


@dataclass(frozen=True, slots=True)
class Asked:
    """Which checklist, and the only environment to look at if not all."""

    checklist: Checklist
    environment: str = ""


@command("[daily|weekly] [environment]")
@audited
def check(request: Request, services: Services) -> Reply:
    """Look at deployments, errors, queues, health, disks, certificates, backups and versions now, and post a card."""
    asked = _read(arguments.parse(request.text, arguments.Grammar()).words, services)
    name = asked.checklist.name
    channel = services.checklists.channels.get(name, services.deployments_channel)
    with services.store.begin() as session:
        already = _under_way(session, asked)
        if already is None:
            checklists.want(session, _run(request, services, asked, channel))
            about = f"checklist:{name}"
            record(session, services, request, about, "checklist.asked", environment=asked.environment)
    where = f"#{escape(channel.removeprefix('#'))}"
    what = f"the {escape(name)} checklist{f' of {escape(asked.environment)}' if asked.environment else ''}"
    if already:
        by = f", asked for by {who(already.asked_by, already.asked_name)}" if already.asked_by else ""
        return Reply(f"I am looking already{by}. The card comes in {where}.")
    return Reply(f"I am looking at {what}. The card comes in {where} within seconds.")


def _read(words: tuple[str, ...], services: Services) -> Asked:
    lists = services.checklists.lists
    checklist: Checklist | None = None
    environment = ""
    for word in words:
        found = arguments.known_environment(word, services.environments)
        if checklist is None and word.casefold() in lists:
            checklist = lists[word.casefold()]
        elif found and not environment:
            environment = found.name
        else:
            raise _refused(word, services)
    return Asked(checklist or _default(services), environment)


def _default(services: Services) -> Checklist:
    lists = services.checklists.lists
    return lists.get(DEFAULT) or next(iter(lists.values()))


def _refused(word: str, services: Services) -> Refused:
    known = [*services.checklists.lists, *services.environments]
    near = arguments.closest(word, known)
    hint = f"Did you mean {code(near[0])}?" if near else f"There is {', '.join(map(code, known))}."
    return Refused(f"I do not know what to check with {code(word)}.", f"{hint} {EXAMPLE}", "arguments")


def _under_way(session: Session, asked: Asked) -> ChecklistRun | None:
    same = (asked.checklist.name, asked.environment)
    return next((it for it in checklists.wanted(session) if (it.checklist, it.environment) == same), None)


def _run(request: Request, services: Services, asked: Asked, channel: str) -> ChecklistRun:
    now = services.now()
    return ChecklistRun(
        key=f"asked:{request.key}",
        checklist=asked.checklist.name,
        environment=asked.environment,
        asked_by=request.person.id,
        asked_name=request.person.name,
        channel=channel,
        due_at=now,
        wanted_at=now,
    )
