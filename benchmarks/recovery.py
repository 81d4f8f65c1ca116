"""How long it takes after `kill -9` until the card shows the truth again, and until the next step is taken.

The bot is killed at random instants of deployments and started again at once; the clock runs from the kill.
"""

from dataclasses import dataclass, field
from random import Random
from time import monotonic

from benchmarks.crowd import crowd
from benchmarks.kit import Result, pause, summary, until
from benchmarks.worlds import UNDER_WAY, Rows, approved, asked, finished, folder, tuning
from bot.sandbox.world import World
from tests import postgres

DONE, WAITING, WITHIN = 1000, 50, 5.0
SEED = 7


@dataclass
class Taken:
    """Seconds from kills."""

    card: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)


def run(*, quick: bool, rounds: int = 12) -> Result:
    """Kill so often over SQLite and PostgreSQL, with little to remember and with much."""
    kills, full = (1, (20, 2)) if quick else (rounds, (DONE, WAITING))
    found: dict[str, Taken] = {}
    for name, much in (("SQLite", (0, 0)), (f"SQLite, {full[0]} finished, {full[1]} waiting", full)):
        found[name] = _killed("", much, kills)
    notes: tuple[str, ...] = ()
    binaries = postgres.installed()
    if quick or binaries is None:
        notes = ("" if quick else postgres.NOT_THERE,)
    else:
        with postgres.private_cluster(binaries) as server:
            for name, much in (("PostgreSQL", (0, 0)), (f"PostgreSQL, {full[0]} finished, {full[1]} waiting", full)):
                with postgres.fresh_database(server) as url:
                    found[name] = _killed(url, much, kills)
    figures = {name: {"card_s": summary(taken.card), "step_s": summary(taken.step)} for name, taken in found.items()}
    return Result("recovery", _HEADINGS, _rows(figures), figures, tuple(filter(None, notes)), _targets(figures))


_HEADINGS = ("from the kill, seconds", "kills", "card true p50", "p95", "next step p50", "p95")


def _rows(figures: dict) -> list[list[str]]:
    return [
        [
            name,
            str(each["card_s"]["count"]),
            *(f"{each[what][key]:.2f}" for what in ("card_s", "step_s") for key in ("p50", "p95")),
        ]
        for name, each in figures.items()
    ]


def _targets(figures: dict) -> dict[str, bool]:
    return {
        f"{what}, p95 within {WITHIN:.0f} s, {name}": each[key]["p95"] < WITHIN
        for name, each in figures.items()
        for key, what in (("card_s", "card"), ("step_s", "next step"))
    }


def _killed(url: str, much: tuple[int, int], kills: int) -> Taken:
    taken, random = Taken(), Random(SEED)  # noqa: S311 - the same instants in every run
    with folder() as state, World(state, tuning("1s", url)) as world:
        rows = Rows(world.variables()["DATABASE_URL"])
        if any(much):
            world.bot.stop()
            crowd(world.variables()["DATABASE_URL"], done=much[0], waiting=much[1])
            world.bot.start()
            world.connected(60)
        versions = ("v2.1", "v2.2")
        for number in range(10 * kills):
            if min(len(taken.card), len(taken.step)) >= kills:
                break
            _one(world, rows, versions[number % 2], random.uniform(0.0, 2.5), taken)
    return taken


def _one(world: World, rows: Rows, version: str, after: float, taken: Taken) -> None:
    number = asked(world, rows, f"/deploy production {version}")
    approved(world, rows, number)
    until(lambda: rows.status(number) in UNDER_WAY[1:], 60, "the deployment to begin")
    pause(after)
    began = monotonic()
    world.bot.kill()
    card, step = _card(rows, number), _step(rows, number)
    under_way = rows.status(number) in UNDER_WAY
    world.bot.start()
    if under_way:
        _measured(rows, number, began, (card, step), taken)
    ended = finished(rows, number)
    assert ended == "succeeded", f"{ended}: see {world.bot.log}"


def _measured(rows: Rows, number: int, began: float, was: tuple[str, str], taken: Taken) -> None:
    left = {"card", "step"}
    while left:
        if monotonic() - began > 60:
            raise AssertionError(f"a minute after the kill: no {' and no '.join(left)}")
        if "step" in left and _step(rows, number) != was[1]:
            left.discard("step")
            taken.step.append(monotonic() - began)
        if "card" in left and _card(rows, number) != was[0] and _is_true(rows, number):
            left.discard("card")
            taken.card.append(monotonic() - began)
        pause(0.01)


def _card(rows: Rows, number: int) -> str:
    return str(rows.ask("SELECT delivered_at FROM outbox WHERE key = ?", f"card:{number}"))


def _is_true(rows: Rows, number: int) -> bool:
    question = "SELECT o.shown, d.version FROM outbox o JOIN deployment d ON d.id = o.deployment_id WHERE o.key = ?"
    shown, version = rows.ask(question, f"card:{number}")[0]
    return int(shown) >= int(version)


def _step(rows: Rows, number: int) -> str:
    question = "SELECT count(*), count(finished_at), max(finished_at) FROM step WHERE deployment_id = ?"
    return str(rows.ask(question, number))
