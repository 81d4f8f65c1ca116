"""What was promised, held against the rows, the hosts and the workspace: every breach in a sentence."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.announcer import Announcer
from bot.sandbox.world import World
from commands.views import card
from storage.store import Store
from tests.crash.people import key_of
from tests.crash.rows import LOOKS, OVER, Row, Rows
from tests.crash.scene import Scene
from tests.crash.stories import Story

ENDINGS = frozenset(f"deployment.{status}" for status in OVER)
FRESH = {"prepare": "the release is here already", "build": "built already"}
"""What a step of a new release prints only when it had been done before."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where to look, once everything has come to rest."""

    world: World
    rows: Rows
    scenes: Sequence[Scene]
    played: Mapping[int, Story]
    """Which deployment belongs to which story."""
    acked: int
    """How many requests Slack has seen acknowledged."""


def faults(evidence: Evidence) -> list[str]:
    """Return every breach of a promise; empty when all hold."""
    promises = (requests, endings, records, once, locks, cards, checks, books)
    return [fault for promise in promises for fault in promise(evidence)]


def requests(evidence: Evidence) -> Iterator[str]:
    """Every request came to exactly one end, and its author was told it exactly once."""
    asked = evidence.rows.asked()
    if len(asked) < evidence.acked:
        yield f"Slack saw {evidence.acked} requests acknowledged, and {len(asked)} were written down"
    private = Counter(row["key"] for row in evidence.rows.said() if row["kind"] == "private")
    for row in asked:
        if row["state"] not in ("done", "void"):
            yield f"request {row['key']} is {row['state']} for ever"
        if row["state"] == "void" and row["acked_at"]:
            yield f"request {row['key']} was acknowledged, and is void ({row['outcome']})"
        if (told := private[f"reply:{row['key']}"] + private[f"void:{row['key']}"]) != 1:
            yield f"the author of {row['key']} was told {told} outcomes"
    for row in evidence.rows.said():
        if row["state"] != "delivered":
            yield f"message {row['key']} is {row['state']}: {row['error']}"


def endings(evidence: Evidence) -> Iterator[str]:
    """Every deployment ended once, as its story says, and nothing else was deployed."""
    rows = evidence.rows
    for row in rows.deployments():
        number, acts = row["id"], rows.acts(row["id"])
        story = evidence.played.get(row["undoes"] if row["automatic"] else number)
        wanted = "nothing at all" if story is None else "succeeded" if row["automatic"] else story.ends
        if row["status"] != wanted:
            yield f"#{number} is {row['status']}, not {wanted}: {row['failure']}"
        ended = [act for act in acts if act in ENDINGS]
        if len(ended) != (0 if row["automatic"] else 1):
            yield f"the audit tells of {len(ended)} ends of #{number}: {', '.join(ended)}"
    for number, story in evidence.played.items():
        backs = [row for row in rows.deployments() if row["automatic"] and row["undoes"] == number]
        if len(backs) != (1 if story.ends == "rolled_back" else 0):
            yield f"#{number} ({story.name}) was taken back {len(backs)} times"


def records(evidence: Evidence) -> Iterator[str]:
    """Every step record says what the host's own record says, and there is one for each."""
    steps = [row for row in evidence.rows.steps() if row["kind"] not in LOOKS]
    for scene in evidence.scenes:
        here = {row["operation"]: row for row in steps if row["target"] == scene.name}
        yield from (f"{scene.name} did {name}, and no row knows" for name in sorted(scene.ids() - set(here)))
        for name, row in here.items():
            yield from _differs(scene, name, row)


def _differs(scene: Scene, name: str, row: Row) -> Iterator[str]:
    there = scene.operation(name)
    if there.phase != "recorded":
        yield f"{name} ({row['kind']}) is {row['state']} in its row and {there.phase} on {scene.name}"
    elif (there.exit_code, there.output_bytes, there.output_sha256) != (
        row["exit_code"],
        row["output_bytes"],
        row["output_sha256"],
    ):
        yield f"{name} ({row['kind']}) exited {row['exit_code']} in its row and {there.exit_code} on {scene.name}"
    elif row["state"] != ("succeeded" if there.exit_code == 0 else "failed"):
        yield f"{name} ({row['kind']}) exited {there.exit_code} and is {row['state']}"


def once(evidence: Evidence) -> Iterator[str]:
    """Nothing began twice: counted by the hosts' shell, by `revisions.log`, and by what steps printed."""
    rows = evidence.rows
    releases = {row["id"]: row["release"] for row in rows.deployments()}
    steps = [row for row in rows.steps() if row["kind"] not in LOOKS]
    for scene in evidence.scenes:
        begun, here = scene.begun(), [row for row in steps if row["target"] == scene.name]
        yield from (f"{name} ran twice on {scene.name}: it began {n} times" for name, n in begun.items() if n > 1)
        for row in here:
            if begun[row["operation"]] == 0 and row["state"] == "succeeded":
                yield f"{row['operation']} never began on {scene.name}, and is said to have succeeded"
        wanted = Counter(releases[row["deployment_id"]] for row in here if row["kind"] == "activate")
        if scene.switched() != wanted:
            yield f"{scene.name} switched {dict(scene.switched())}, and the rows say {dict(wanted)}: one ran twice"
    deploys = {row["id"] for row in rows.deployments() if row["kind"] == "deploy"}
    for row in steps:
        if row["deployment_id"] in deploys and FRESH.get(row["kind"], "\0") in row["output"]:
            yield f"{row['operation']} ran twice: it printed “{row['output'].strip()[-60:]}”"
    migrated = Counter(row["deployment_id"] for row in steps if row["kind"] == "migrate")
    yield from (f"#{number} migrated {times} times" for number, times in migrated.items() if times != 1)


def locks(evidence: Evidence) -> Iterator[str]:
    """Nothing is held any more, neither in the database nor on a host."""
    yield from (f"{row['environment']} is still locked" for row in evidence.rows.ask("SELECT * FROM lock"))
    yield from (f"{scene.name} is still locked" for scene in evidence.scenes if scene.locked())


def cards(evidence: Evidence) -> Iterator[str]:
    """Every deployment has exactly one card, and it shows the row as it is."""
    posted = [said for said in evidence.world.slack.messages("deployments") if said.metadata]
    by_key = Counter(key_of(said.metadata) for said in posted)
    shown = {key_of(said.metadata): said for said in posted}
    kept = {row["key"]: row for row in evidence.rows.said() if row["kind"] == "card"}
    store = Store(evidence.rows.url)
    try:
        announcer = Announcer(store, card.announcement)
        for row in evidence.rows.deployments():
            key = f"card:{row['id']}"
            if by_key[key] != (0 if row["automatic"] else 1):
                yield f"#{row['id']} has {by_key[key]} cards"
            elif not row["automatic"]:
                if kept[key]["shown"] != row["version"]:
                    yield f"the card of #{row['id']} shows version {kept[key]['shown']} of {row['version']}"
                says, text = _timeless(shown[key].text), _timeless(announcer.card(row["id"]).text)
                if says != text:
                    yield f"the card of #{row['id']} says\n{says}\ninstead of\n{text}"
    finally:
        store.close()


def checks(evidence: Evidence) -> Iterator[str]:
    """Every check that was asked for was made, and has exactly one card."""
    yield from (f"check {row['id']} was never made" for row in evidence.rows.checks("wanted"))
    shown = Counter(key_of(said.metadata) for said in evidence.world.slack.messages("deployments"))
    for row in evidence.rows.checks("done"):
        if (cards := shown[f"checklist:{row['id']}"]) != 1:
            yield f"check {row['id']} has {cards} cards"


def _timeless(text: str) -> str:
    """Return a card without what it says of other deployments: how long such a one usually takes."""
    return re.sub(r", usually [^·\n]*?(?= ·|\n|$)", "", text)


def books(evidence: Evidence) -> Iterator[str]:
    """The audit chain is whole, and so is the database."""
    said = evidence.world.bot.ask("audit", "verify")
    if said.returncode != 0:
        yield f"`shipmate audit verify` says {said.stdout} {said.stderr}"
    yield from evidence.rows.faults()
