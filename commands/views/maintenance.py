"""What is said of maintenance: who keeps visitors out of what, why and until when, and how to end it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.replies import Block
from commands.views.blocks import actions, button, code, confirm, context, escape, line, message, section
from commands.views.words import count, lasting, name_of, title, when, who
from storage.models import Deployment, MaintenanceSwitch, SwitchState

MOST_HOSTS = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked once more before visitors are kept out."""

    environment: str
    lasts: timedelta
    message: str
    hosts: int
    seen: int
    """The newest switch that the one who asks has seen."""

    @property
    def value(self) -> str:
        """Return what the button says."""
        return f"{self.seen}:{int(self.lasts.total_seconds())}:{self.environment}:{self.message}"


def question(asked: Asking, command: str) -> tuple[str, tuple[Block, ...]]:
    """Return the private question, as text and as a card with a button that asks once more."""
    where, lasts = escape(asked.environment), lasting(asked.lasts.total_seconds())
    head = f"*Keep visitors out of {where} for {lasts}?*"
    told = f"They read: {_quoted(asked.message)}." if asked.message else ""
    what = f"Every visitor is turned away on {count(asked.hosts, 'host')}; after {lasts} it ends by itself."
    blocks = message(
        section("\n".join(filter(None, [f":construction: {head}", what, told]))),
        actions(
            button(
                "Maintenance on",
                action="maintenance.on",
                value=asked.value,
                style="danger",
                confirm=confirm(f"Keep visitors out of {asked.environment}?", what, yes="Keep them out"),
            )
        ),
        context(f"Nothing has been done yet. Without the button: {code(command, 400)}"),
    )
    return " ".join(filter(None, [head, what, told, f"To do it: {code(command, 400)}"])), blocks


def standing(switch: MaintenanceSwitch | None) -> str:
    """Return how an environment's maintenance is, for a status; empty where there is none."""
    if switch is None:
        return ""
    by = name_of(switch.by, switch.name)
    if not switch.keeps_out:
        return _still_out(switch, by)
    if switch.state is SwitchState.WANTED:
        return f":construction: Maintenance is being switched on, asked for by {by}."
    parts = [
        f":construction: *In maintenance* until {when(switch.until)}, switched on by {by}, {when(switch.asked_at)}.",
        _exceptions(switch),
        _read(switch),
        f"To end it: {_off(switch)}.",
    ]
    return " ".join(filter(None, parts))


def _still_out(switch: MaintenanceSwitch, by: str) -> str:
    match switch.state:
        case SwitchState.WANTED:
            return f":construction: Visitors are being let in again, asked for by {by}."
        case SwitchState.PARTLY:
            return f":warning: Maintenance is over, but visitors may still be kept out: {_wrong(switch)} {_AGAIN}"
        case _:
            return ""


_AGAIN = "I try again every minute."


def outcome(switch: MaintenanceSwitch, deployment: Deployment | None = None) -> str:
    """Return what #deployments is told of what came of a switch."""
    if switch.state is SwitchState.DROPPED:
        began = f"{title(deployment)} began first" if deployment else "a deployment began first"
        return f":no_entry_sign: *{escape(switch.environment)}* is not put in maintenance: {began}. {_retry(switch)}"
    return _shut(switch) if switch.keeps_out else _opened(switch, deployment)


def _shut(switch: MaintenanceSwitch) -> str:
    where, by = f"*{escape(switch.environment)}*", who(switch.by, switch.name)
    ends = f"It ends by itself {when(switch.until)}; sooner: {_off(switch)}."
    if switch.state is SwitchState.DONE:
        told = f":construction: {where} is in maintenance, switched on by {by}. {_read(switch)} {ends}"
        return " ".join(told.split())
    good = [name for name, told in switch.told.items() if not told.why]
    if not good:
        return f":warning: {by} wanted {where} in maintenance, but no host did it: {_wrong(switch)} {_retry(switch)}"
    return (
        f":warning: {where} is only partly in maintenance, switched on by {by}: {_names(good)} keeps visitors out."
        f" Not on {_wrong(switch)} {_retry(switch)} {ends}"
    )


def _opened(switch: MaintenanceSwitch, deployment: Deployment | None) -> str:
    where = f"*{escape(switch.environment)}*"
    if deployment:
        why = f"{title(deployment)} has let visitors in again on every host."
        return f":white_check_mark: Maintenance of {where} is over: {why}"
    by = "its time was up" if switch.by == "shipmate" else f"{who(switch.by, switch.name)} ended it"
    if switch.state is SwitchState.DONE:
        return f":white_check_mark: Maintenance of {where} is over: {by}. Visitors are let in again on every host."
    return (
        f":rotating_light: Maintenance of {where} is over ({by}), but not everybody is let in: {_wrong(switch)}"
        f" {_AGAIN} How it is: `/deploy status {escape(switch.environment)}`."
    )


def met(switch: MaintenanceSwitch, running: Deployment, *, lets_in: bool) -> str:
    """Return what #deployments is told when a deployment begins while visitors are kept out."""
    head = f":construction: {title(running)} begins while *{escape(switch.environment)}* is in maintenance"
    by = f"{head} (until {when(switch.until)}, switched on by {who(switch.by, switch.name)})."
    if lets_in:
        return f"{by} It lets visitors in on each host as soon as that serves its release, so that it can be checked."
    return f"{by} It leaves that as it is: visitors stay out until then, or until {_off(switch)}."


def partly_let_in(switch: MaintenanceSwitch) -> str:
    """Return what #deployments is told when a deployment has let visitors in on some hosts only."""
    return (
        f":warning: *{escape(switch.environment)}* is only partly in maintenance: {_exceptions(switch)}"
        f" To let visitors in everywhere: {_off(switch)}. To keep them out everywhere: {_on(switch)}."
    )


def stumbled(switch: MaintenanceSwitch, why: str) -> str:
    """Return what #deployments is told when the bot cannot even try to switch it."""
    where = f"*{escape(switch.environment)}*"
    return (
        f":warning: I cannot look after the maintenance of {where}: {line(why, 200)}. I try again, ever less often."
        f" How it is: `/deploy status {escape(switch.environment)}`."
    )


def _exceptions(switch: MaintenanceSwitch) -> str:
    let_in = [f"{line(name, 40)} since #{told.let_in_by}" for name, told in switch.told.items() if told.let_in_by]
    said = [f"Visitors are let in by {_listed(let_in)}."] if let_in else []
    if any(told.why and not told.let_in_by for told in switch.told.values()):
        said.append(f"It did not work on {_wrong(switch)}")
    return " ".join(said)


def _wrong(switch: MaintenanceSwitch) -> str:
    whys = [(name, told.why.strip().rstrip(".")) for name, told in switch.told.items() if told.why]
    return f"{_listed([f'{line(name, 40)} ({line(why, 160)})' for name, why in whys])}."


def _read(switch: MaintenanceSwitch) -> str:
    return f"Visitors read: {_quoted(switch.message)}." if switch.message else ""


def _quoted(text: str) -> str:
    return f"“{line(text, 250)}”"


def _retry(switch: MaintenanceSwitch) -> str:
    return f"To try again: {_on(switch)}."


def _on(switch: MaintenanceSwitch) -> str:
    return f"`/ops maintenance on {escape(switch.environment)}`"


def _off(switch: MaintenanceSwitch) -> str:
    return f"`/ops maintenance off {escape(switch.environment)}`"


def _names(names: Sequence[str]) -> str:
    return _listed([line(name, 40) for name in names])


def _listed(said: Sequence[str]) -> str:
    more = len(said) - MOST_HOSTS
    return ", ".join([*said[:MOST_HOSTS], *([f"and {more} more"] if more > 0 else [])])


def asked(switch: MaintenanceSwitch, channel: str, *, takes_message: bool, until: datetime | None) -> str:
    """Return what the one who asked is told at once."""
    where = f"*{escape(switch.environment)}*"
    comes = f"What came of it is told in #{escape(channel.removeprefix('#'))} within seconds."
    if not switch.keeps_out:
        return f"I am about to let visitors into {where} again. {comes}"
    unread = "" if takes_message else " Its recipe's commands take no `{message}`, so visitors see its own words."
    told = unread if switch.message else ""
    return f"I am about to keep visitors out of {where}, until {when(until)}.{told} {comes}"
