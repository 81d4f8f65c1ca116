"""The question before a rollback: to what, which commits disappear, what about the database."""

from dataclasses import dataclass

from commands.replies import Block
from commands.views import choices
from commands.views.blocks import actions, button, code, confirm, context, escape, facts, message, section
from commands.views.request import commit_lines
from commands.views.words import count, release, title, when
from deployers.rollback import Way, caution, label
from storage.models import Deployment


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked once more before it is done."""

    deployment: int
    """What would be taken back."""
    plan_hash: str
    target: Deployment
    way: Way
    commits: tuple[tuple[str, str, str], ...] = ()
    """What disappears: SHA, subject, author."""
    commits_count: int = 0


def question(asked: Asking) -> tuple[str, tuple[Block, ...]]:
    """Return the private question, as text and as a card with a button that asks once more."""
    way, target = asked.way, asked.target
    warning = caution(way)
    command = f"/rollback {way.to_ref} {way.environment} --yes"
    title_line = f"*{escape(label(way.environment, way.to_ref))}?*"
    blocks: list[Block | None] = [
        section(f":rewind: {title_line}"),
        facts(
            [
                ("From", code(way.from_ref, 80)),
                ("Back to", f"{release(target.ref, target.sha)} (#{target.id})"),
                ("It served well since", when(target.served_at)),
                ("Migrations between", _between(way)),
            ]
        ),
        section(f"*Commits that disappear* ({asked.commits_count})\n{_lines(asked)}") if asked.commits else None,
        section(f":warning: {escape(warning)}") if warning else None,
        actions(_button(asked, warning)),
        context(f"Nothing has been done yet. Without the button: {code(command)}"),
    ]
    gone = count(asked.commits_count, "commit")
    disappears = "disappears" if asked.commits_count == 1 else "disappear"
    text = f"{title_line} {gone} {disappears}. {escape(warning)} To do it: {code(command)}"
    return " ".join(text.split()), message(*blocks)


def while_running(running: Deployment, back: str) -> tuple[str, tuple[Block, ...]]:
    """Return what to do about a deployment that is on its way."""
    told = f"{title(running)} is on its way now. To stop it and go back: `/deploy cancel {running.id} --back`."
    buttons = [choices.abort(running)]
    if back:
        buttons.append(choices.abort_back(running, back))
    return told, message(section(told), actions(*buttons))


def _button(asked: Asking, warning: str) -> Block:
    way = asked.way
    text = (
        warning or f"{way.from_ref} is taken back on every target of {way.environment}, and {way.to_ref} serves again."
    )
    return button(
        label(way.environment, way.to_ref),
        action="deployment.rollback",
        value=f"{asked.deployment}:{asked.plan_hash}:{asked.target.id}",
        style="danger",
        confirm=confirm(f"{label(way.environment, way.to_ref)}?", text, yes="Roll back"),
    )


def _between(way: Way) -> str:
    if not way.known:
        return "not known"
    return str(len(way.migrations)) if way.migrations else "none"


def _lines(asked: Asking) -> str:
    commits = [{"sha": sha, "subject": subject, "author": author} for sha, subject, author in asked.commits]
    return commit_lines(commits, asked.commits_count)
