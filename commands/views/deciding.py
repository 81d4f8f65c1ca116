"""What people are asked when a migration failed: what is known of the database, and what each answer costs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commands.replies import Block
from commands.views.blocks import actions, button, code, confirm, escape, header, line, message, section
from commands.views.choices import named, value
from commands.views.words import count, when
from deployers.rollback import lost, window
from storage.models import Deployment, Hold
from storage.reports import Facts

MOST_MIGRATIONS = 6
TITLES = {"step_back": "Step back", "restore": "Restore the backup", "leave": "Leave and fix"}


def database(deployment: Deployment, hold: Hold, now: datetime | None) -> list[Block]:
    """Return the question with its buttons; what cannot be done is said, and has none."""
    facts = hold.facts
    return [section("\n".join(_told(deployment, facts, now))), actions(*_answers(deployment, hold, now))]


def loud(seen: Facts, hold: Hold, now: datetime) -> tuple[str, tuple[Block, ...]]:
    """Return the message that calls somebody to decide: its line for a pager, and its blocks with the same buttons."""
    deployment = seen.deployment
    place, what = escape(deployment.environment), escape(named(deployment))
    text = (
        f"{place} {what}: the migration failed, and the database waits for a decision."
        f" Press a button on its card, or type `/deploy answer {deployment.id} leave`."
    )
    title = f"{deployment.environment}: the migration of {named(deployment)} failed; somebody has to decide"
    return text, message(header(title), section(line(hold.why, 1_000)), *database(deployment, hold, now))


def reminder(seen: Facts, hold: Hold, now: datetime) -> str:
    """Return what is said again while nobody decides."""
    deployment = seen.deployment
    return (
        f"{escape(deployment.environment)} has waited for {window(now - hold.since)} for somebody to decide about its"
        f" database, after the migration of {escape(named(deployment))} failed. Next:"
        f" `/deploy answer {deployment.id} step_back|restore|leave`, or a button of its card."
    )


def _told(deployment: Deployment, facts: Mapping[str, Any], now: datetime | None) -> list[str]:
    place, cannot = escape(deployment.environment), facts.get("cannot", {})
    serves = f" {code(facts['back_to'])} serves as before." if facts.get("back_to") else ""
    told = [
        f":rotating_light: *The migration failed, and {place} waits for your decision about its database.*{serves}",
        _kept(facts),
    ]
    if "step_back" not in cannot:
        back = count(len(facts.get("recorded") or ()), "migration")
        told.append(f"*{TITLES['step_back']}*: {back} that did run is undone; what was written into it since is lost.")
    else:
        told.append(f"*{TITLES['step_back']}* is not possible: {line(cannot['step_back'], 200)}.")
    if "restore" not in cannot:
        told.append(f"*{TITLES['restore']}* {code(facts['backup'])}: {_lost(facts, now)} {_swapped(facts)}")
    else:
        told.append(f"*{TITLES['restore']}* is not possible: {line(cannot['restore'], 200)}.")
    told.append(f"*{TITLES['leave']}*: the database stays as it is now; nothing is lost, and you mend it by hand.")
    return told


def _kept(facts: Mapping[str, Any]) -> str:
    every, recorded = facts.get("migrations", []), facts.get("recorded")
    names = ", ".join(code(it, 100) for it in every[:MOST_MIGRATIONS])
    if recorded is None:
        return f"Which of its {count(len(every), 'migration')} have run could not be told: {names}."
    if not recorded:
        return (
            f"The database has recorded none of its {count(len(every), 'migration')} ({names}): what is pending is the"
            " same as before. Of the one that failed a part may be there all the same."
        )
    ran = ", ".join(code(it, 100) for it in recorded[:MOST_MIGRATIONS])
    return f"{len(recorded)} of {count(len(every), 'migration')} did run: {ran}."


def _lost(facts: Mapping[str, Any], now: datetime | None) -> str:
    since = datetime.fromisoformat(facts["backup_at"])
    return lost(since, now) if now else f"it is of {when(since)}; everything since is lost."


def _swapped(facts: Mapping[str, Any]) -> str:
    return "The database as it is now is kept." if facts.get("swaps") else "It is overwritten in place."


def _answers(deployment: Deployment, hold: Hold, now: datetime | None) -> list[Block]:
    facts = hold.facts
    cannot = facts.get("cannot", {})
    said = f"{value(deployment)}:{hold.id}"
    buttons = [
        button(TITLES[word], action="hold.typed", value=f"{said}:{word}:{deployment.environment}", style="danger")
        for word in ("step_back", "restore")
        if word not in cannot
    ]
    stays = "The database stays as it is now, and the deployment ends as failed. Nothing more is done."
    sure = confirm("Leave the database?", stays, yes="Leave it", danger=False)
    return [*buttons, button(TITLES["leave"], action="hold.leave", value=f"{said}:leave", confirm=sure)]
