"""Refs move between request, approval, click and dispatch, in any order: what is deployed is what was approved."""

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from types import SimpleNamespace

import pytest

from bot.opening import Opening
from commands import buttons
from commands.errors import Refused
from deployers import workflow
from deployers.environment import Workflow
from deployers.errors import DeployError
from deployers.github_errors import RunMismatch
from deployers.github_run import Wanted
from deployers.github_runs import Runs
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.strategies import plan_for, release_name
from storage.models import Kind
from tests.builders import NOW, sha_of
from tests.unit.deployers.worlds import environment

SHAS = [sha_of(name) for name in ("v1", "v2", "v3")]
REFS = ("refs/heads/main", "refs/heads/release", "refs/tags/v1")
TOLD_THE_SHA = {"ref": "{sha}"}
TOLD_THE_NAME = {"ref": "{ref}"}
INTERLEAVINGS = 1000


@dataclass
class GitHub:
    """A repository with refs that anybody may move, and with runs; moves somebody has prepared strike at a dispatch."""

    random: Random
    refs: dict[str, str] = field(default_factory=lambda: dict.fromkeys(REFS, SHAS[0]))
    runs: list[dict] = field(default_factory=list)
    strikes: bool = False

    def moves(self) -> None:
        self.refs[self.random.choice(REFS)] = self.random.choice(SHAS)

    def resolve(self, ref: str) -> Revision:
        (full,) = [name for name in self.refs if name.endswith(f"/{ref}")]
        return Revision(ref, full, self.refs[full])

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        return Difference((), 0, (), 0, ())

    # What the runs ask over the API

    @contextmanager
    def asking(self, permissions, *, within=0):
        yield self

    def pages(self, path, within="", **query: object):
        kind = {"/tags": "refs/tags/", "/branches": "refs/heads/"}.get(path, "nothing else")
        found = {full: sha for full, sha in self.refs.items() if full.startswith(kind)}
        yield from ({"name": full.removeprefix(kind), "commit": {"sha": sha}} for full, sha in found.items())

    def get(self, path, **query: object):
        return {"default_branch": "main"}

    def find(self, path, **query: object):
        return self.runs[int(path.rsplit("/", 1)[1]) - 1]

    def post(self, path, body):
        if path.endswith("cancel"):
            self.runs[int(path.split("/")[-2]) - 1] |= {"status": "completed", "conclusion": "cancelled"}
            return 202, None
        if self.strikes:
            self.moves()
        number = len(self.runs) + 1
        run = {"id": number, "html_url": f"run {number}", "head_sha": self.refs[body["ref"]], "status": "in_progress"}
        self.runs.append({**run, "created_at": NOW.isoformat(), "inputs": body["inputs"]})
        return 200, {"workflow_run_id": number}


@dataclass
class Card:
    """A request as its card shows it, and what became of it."""

    id: int
    stored: str
    plan_hash: str
    shown: str
    agreed: str = ""
    """The SHA that stood on the card when somebody agreed to it."""


class Telling:
    """One story: acts in any order, by the code that does them in earnest."""

    def __init__(self, seed: int, inputs: dict[str, str]) -> None:
        self.random = Random(seed)
        self.github = GitHub(self.random)
        self.where = replace(environment(1), deployer="github", workflow=Workflow("deploy.yml", inputs))
        self.opening = Opening(None, {"production": self.where}, self.github, None, "UTC")
        self.runs = Runs(self.github, lambda: NOW, pause=lambda _: None)
        self.cards: list[Card] = []
        self.seen: list[tuple[str, str]] = []
        """What an approver has on the screen: a button's value, and the SHA beside it."""
        self.numbers = count(1)
        self.came: Counter[str] = Counter()

    def tell(self) -> None:
        acts = (self.github.moves, self.asks, self.looks, self.clicks, self.dispatches)
        for _ in range(self.random.randint(6, 24)):
            self.random.choice(acts)()

    def asks(self) -> None:
        revision = self.github.resolve(self.random.choice(("main", "release", "v1")))
        plan = plan_for(
            self.where,
            kind="deploy",
            revision=revision,
            replaces="",
            release=release_name(revision.sha, NOW),
            difference=self.github.between("", revision.sha),
            strategy="rolling",
        )
        self.cards.append(Card(next(self.numbers), json.dumps(plan.document()), plan.hash, revision.sha))

    def looks(self) -> None:
        if self.cards:
            card = self.random.choice(self.cards)
            self.seen.append((f"{card.id}:{card.plan_hash}", card.shown))

    def clicks(self) -> None:
        """Press what was seen on one card, perhaps with the number of another."""
        if not self.seen:
            return
        value, sha = self.random.choice(self.seen)
        if self.random.random() < 0.2:
            value = f"{self.random.choice(self.cards).id}:{value.split(':')[1]}"
        pressed = buttons.read(value)
        card = self.cards[pressed.deployment - 1]
        try:
            buttons.demand_same(pressed, card)
        except Refused:
            self.came["stale"] += 1
        else:
            card.agreed = sha

    def dispatches(self) -> None:
        card = next((it for it in self.cards if it.agreed), None)
        if card is None:
            return
        plan, agreed, card.agreed = Plan.read(json.loads(card.stored)), card.agreed, ""
        fresh = self.opening._fresh(self.where, plan, SimpleNamespace(kind=Kind.DEPLOY))
        if isinstance(fresh, str) or fresh.hash != card.plan_hash:
            self.came["voided"] += 1
            return
        self.github.strikes = self.random.random() < 0.5
        self.deployed(plan, agreed)

    def deployed(self, plan: Plan, agreed: str) -> None:
        """Let the run begin, and demand that it deploys what was agreed to, or nothing."""
        asked, before = workflow.read(workflow.script(self.where, plan)), len(self.github.runs)
        try:
            ref, head = self.runs.head_for(asked.ref, asked.sha, anywhere=asked.carries_sha)
            run = self.runs.start(Wanted(asked.workflow, ref, head, "d1.0.github.1", NOW, asked.inputs))
        except RunMismatch:
            assert self.github.runs[-1]["conclusion"] == "cancelled"
            self.came["cancelled"] += 1
        except DeployError:
            self.came["refused"] += 1
        else:
            told = self.github.runs[run.id - 1]["inputs"]["ref"]
            assert (told if asked.carries_sha else run.sha) == agreed == plan.sha
            self.came["deployed"] += 1
        assert len(self.github.runs) - before <= 1


@pytest.mark.parametrize("inputs", [TOLD_THE_SHA, TOLD_THE_NAME], ids=["told the SHA", "told the name"])
def test_what_is_deployed_is_what_was_approved_whenever_refs_move(inputs):
    """Stories differ by their seed; each outcome has to come up, or the stories would say nothing."""
    came: Counter[str] = Counter()
    for seed in range(INTERLEAVINGS):
        story = Telling(seed, inputs)
        story.tell()
        came += story.came
    assert min(came[outcome] for outcome in ("deployed", "voided", "cancelled", "stale")) > 20
