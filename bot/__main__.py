"""The command line: `shipmate`, or `python -m bot`."""

import asyncio
import gc
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

# What a command needs is read in by it: help and mistakes are answered at once.
if TYPE_CHECKING:
    from bot.app import App
    from bot.console import Console

cli = typer.Typer(
    name="shipmate",
    help="A crew member in Slack that ships your releases, watches them, and brings them back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
audit_cli = typer.Typer(help="The hash-chained record of who did what.", no_args_is_help=True)
fence_cli = typer.Typer(help="The fencing token that hosts check.", no_args_is_help=True)
cli.add_typer(audit_cli, name="audit")
cli.add_typer(fence_cli, name="fence")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Words = Annotated[list[str], typer.Argument(help="The same words as behind the slash command.")]
Reason = Annotated[str, typer.Option("--break-glass", metavar="REASON", help="Go past the roles; announced, reviewed.")]


def say(text: str) -> None:
    """Print a line."""
    typer.echo(text)


def fail(text: str, code: int = 1) -> None:
    """Print what is wrong and leave."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


def an_app() -> "App":
    """Return the app of this folder's configuration, or leave with every fault."""
    from bot.app import App
    from bot.settings import SettingsFaults, load

    try:
        return App(load(os.environ))
    except SettingsFaults as faults:
        fail(str(faults), 2)
        raise


def a_console(*, as_json: bool = False) -> "Console":
    """Return the console of whoever types."""
    from bot.console import Console

    return Console(an_app(), say, time.sleep, as_json=as_json)  # noqa: TID251 - the one clock of the command line


def _run(verb: str, *, socket: bool, http: bool, leads: bool = True) -> None:
    from bot import logs
    from bot.process import Doors, Process, prepare
    from bot.settings import SettingsFaults, demands

    app = an_app()
    faults = demands(app.settings, verb)  # type: ignore[arg-type]
    if faults:
        fail(str(SettingsFaults(faults)), 2)
    logs.setup(app.settings.outside.secrets())
    for chatty, level in (("alembic", "WARNING"), ("uvicorn", "WARNING"), ("bolt", "ERROR")):
        logging.getLogger(chatty).setLevel(level)
    prepare(app)
    # An acknowledgement has to get a word in between threads that compute; Python would let each talk for 5 ms.
    sys.setswitchinterval(0.0005)
    # What is there by now stays; to look through it all again for rubbish would hold everybody up.
    gc.collect()
    gc.freeze()
    asyncio.run(Process(app, Doors(socket, http, leads)).run())


@cli.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("shipmate.toml"),
    *,
    repository: Annotated[str, typer.Option(metavar="OWNER/NAME", help="On GitHub; nothing is asked then.")] = "",
    workflows: Annotated[bool, typer.Option("--workflows", help="Also write GitHub workflows that deploy.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written.")] = False,
) -> None:
    """Look at the repository here and write a commented configuration to begin with."""
    from bot.init.begin import Wish, begin

    def ask(question: str, default: str) -> str:
        return str(typer.prompt(question, default=default))

    asking = sys.stdin.isatty() and not (repository or workflows)
    wish = Wish(path, repository, workflows, force, dry_run)
    raise typer.Exit(begin(wish, say, ask if asking else None))


@cli.command()
def run() -> None:
    """Do everything in one process: Slack, deployments, schedules."""
    outside = an_app().settings.outside
    _run("run", socket=outside.slack_app_token is not None, http=outside.slack_app_token is None)


@cli.command()
def serve() -> None:
    """Take Slack's requests over HTTP."""
    _run("serve", socket=False, http=True, leads=False)


@cli.command()
def work() -> None:
    """Take Slack's requests over Socket Mode, run deployments and schedules."""
    _run("work", socket=an_app().settings.outside.slack_app_token is not None, http=False)


@cli.command()
def migrate() -> None:
    """Bring the database up to this version."""
    from bot.process import prepare

    app = an_app()
    prepare(app)
    say(f"The database is at revision {app.store.revision()}.")


@cli.command(context_settings={"ignore_unknown_options": True})
def deploy(words: Words, *, as_json: Json = False) -> None:
    """Ask for a deployment: `shipmate deploy production v2.3 --reason "…"`."""
    _asked("deploy", words, as_json=as_json)


@cli.command(context_settings={"ignore_unknown_options": True})
def rollback(words: Words, *, as_json: Json = False, break_glass: Reason = "") -> None:
    """Roll back: `shipmate rollback latest production`; works while the bot is dead or frozen, and without Slack."""
    raise typer.Exit(a_console(as_json=as_json).rollback(tuple(words), glass=break_glass))


@cli.command()
def resolve(deployment: int, step: str, outcome: str, *, as_json: Json = False) -> None:
    """Say what became of a step that could not be read: `shipmate resolve 42 4.web1 ran`."""
    _asked("deploy", ["resolve", str(deployment), step, outcome], as_json=as_json)


@cli.command()
def status(environment: Annotated[str, typer.Argument()] = "", *, as_json: Json = False) -> None:
    """Say what runs where, and what is under way."""
    _asked("deploy", ["status", *filter(None, [environment])], as_json=as_json)


@cli.command()
def history(environment: Annotated[str, typer.Argument()] = "", *, as_json: Json = False) -> None:
    """List the newest deployments."""
    _asked("deploy", ["history", *filter(None, [environment])], as_json=as_json)


@cli.command(context_settings={"ignore_unknown_options": True})
def maintenance(words: Words, *, as_json: Json = False) -> None:
    """Keep visitors out, or let them in again: `shipmate maintenance on production --for 30m`; the bot does it."""
    _led("maintenance", words, as_json=as_json)


@cli.command()
def backup(environment: str, *, as_json: Json = False) -> None:
    """Back an environment up: code, configuration and database; the bot does it, and says when it is there."""
    _led("backup", [environment], as_json=as_json)


@cli.command()
def drill(environment: str, *, as_json: Json = False) -> None:
    """Try whether an environment's newest backup can be restored; the bot does it, and says in the channel."""
    _led("drill", [environment], as_json=as_json)


def _led(word: str, words: list[str], *, as_json: bool) -> None:
    """Say a word of `/ops` that whoever leads then acts on."""
    if not a_console().somebody_leads():
        fail("No bot is running, so nothing would be done. Start it (`shipmate run`), then type this again.")
    _asked("ops", [word, *words], as_json=as_json)


def _asked(name: str, words: list[str], *, as_json: bool) -> None:
    console = a_console()
    reply = console.ask(name, tuple(words))
    text = console.said(reply)
    say(json.dumps({"ok": reply.ok, "code": reply.code, "text": text}) if as_json else text)
    if not reply.ok:
        raise typer.Exit(1)


@cli.command()
def check(*, as_json: Json = False) -> None:
    """Try everything that the configuration names, a line each with what to do."""
    from bot.checking import check_all

    raise typer.Exit(check_all(an_app(), say, as_json=as_json))


@cli.command()
def report(
    *, days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 7, as_json: Json = False
) -> None:
    """Say how deployments went over the last days, a line an environment."""
    from bot import reporting

    for row in reporting.report(an_app(), days):
        say(json.dumps(row) if as_json else reporting.sentence(row))


@audit_cli.command("verify")
def audit_verify(*, as_json: Json = False) -> None:
    """Walk the chain and compare it with its anchor outside the database."""
    from storage import anchor, audit

    app = an_app()
    with app.store.look() as session:
        found = audit.verify(session, anchors=anchor.read(app.audit.anchors) if app.audit.anchors.exists() else ())
    document: dict[str, Any] = {"entries": found.entries, "head": found.head, "broken_at": found.broken_at}
    good = f"{found.entries} entries, unbroken; the head is {found.head[:16]}."
    bad = f"The chain is broken at entry {found.broken_at}: {found.why}."
    say(json.dumps(document) if as_json else (good if found.broken_at is None else bad))
    if found.broken_at is not None:
        raise typer.Exit(1)


@audit_cli.command("export")
def audit_export() -> None:
    """Print every entry as JSON, one a line, oldest first."""
    from storage import audit

    with an_app().store.look() as session:
        for entry in audit.export(session):
            say(json.dumps(entry))


@fence_cli.command("raise")
def fence_raise(
    to: Annotated[int | None, typer.Option("--to", help="Raise it to at least this number.")] = None,
    break_glass: Reason = "",
) -> None:
    """Raise the fencing token above what the hosts have seen: after the database was restored from a backup."""
    from bot.fencing import raise_fence
    from commands.errors import CommandError

    try:
        say(raise_fence(an_app(), to, glass=break_glass))
    except CommandError as error:
        typer.echo(f"{error} If it cannot wait: `--break-glass '…'`, with the reason.", err=True)
        raise typer.Exit(1) from error


@cli.command()
def sandbox(
    *,
    port: Annotated[int, typer.Option(help="Where the page is served.")] = 3000,
    headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
    state: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
) -> None:
    """Open a local workspace in the browser, with hosts, a repository and the bot."""
    from bot.trying import open_sandbox

    raise typer.Exit(open_sandbox(port=port, headless=headless, state=state, say=say))


@cli.command()
def demo(
    story: Annotated[str, typer.Argument(help="Such as canary; `list` names them. All when left out.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Play a story through the sandbox and print what people would see; 0 only if it held."""
    from bot.trying import play

    raise typer.Exit(play(story, say, as_json=as_json))


def main() -> None:
    """Run the command line; a fault of the outside is a sentence, not a traceback."""
    from storage.errors import StorageError

    try:
        cli()
    except StorageError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
