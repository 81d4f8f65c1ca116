"""Going back: never to what is bad, partial, undone or current, always further, never to and fro."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.ledger import Entry, choose, head, line, offered

START = datetime(2026, 11, 24, tzinfo=UTC)


def at(number):
    return START + timedelta(minutes=number)


class Fleet:
    """An environment whose ledger grows as the engine would write it."""

    def __init__(self) -> None:
        self.entries = []

    def deploys(self, sha, **over):
        number = len(self.entries) + 1
        self.entries.append(Entry(number, sha, at(number), **over))
        return number

    def fails(self, sha):
        return self.deploys(sha, served=False, bad=True)

    def mark(self, number, **over):
        self.entries = [replace(entry, **over) if entry.id == number else entry for entry in self.entries]

    @property
    def serves(self):
        return head(self.entries).sha if self.entries and head(self.entries) else None

    def latest(self):
        running = head(self.entries)
        return choose(self.entries, undoing=running.sha, below=running.id) if running else None

    def goes_back(self, to=None):
        """Roll back to the latest good entry, or to a named one; return the SHA, or None when there is none."""
        running, target = head(self.entries), to or self.latest()
        if running is None or target is None:
            return None
        self.deploys(target.sha, rollback=True)
        self.mark(running.id, bad=True, undone=True)
        return target.sha


def fleet(*shas: str):
    made = Fleet()
    for sha in shas:
        made.deploys(sha)
    return made


def named(made, sha):
    return next(entry for entry in offered(made.entries, undoing=made.serves) if entry.sha == sha)


def test_nothing_served_means_nowhere_to_go():
    assert choose([], undoing="x") is None
    assert head([]) is None
    assert fleet("v1").goes_back() is None


def test_the_newest_older_release_is_chosen():
    assert fleet("v1", "v2", "v3").goes_back() == "v2"


def test_going_back_again_goes_further_back_and_ends():
    made = fleet("v1", "v2", "v3")
    assert [made.goes_back(), made.goes_back(), made.goes_back()] == ["v2", "v1", None]


def test_a_release_that_was_deployed_again_is_not_the_one_before_itself():
    assert fleet("v1", "v2", "v2").goes_back() == "v1"


def test_a_release_that_came_back_under_another_is_not_flipped_to():
    made = fleet("v1", "v2", "v1")
    assert [made.goes_back(), made.goes_back()] == ["v2", None]


def test_what_people_went_past_on_purpose_is_not_offered_as_the_latest():
    made = fleet("v1", "v2", "v3", "v4")
    made.goes_back(named(made, "v2"))
    assert made.goes_back() == "v1"


def test_what_people_went_past_may_still_be_named():
    made = fleet("v1", "v2", "v3", "v4")
    made.goes_back(named(made, "v2"))
    assert [entry.sha for entry in offered(made.entries, undoing=made.serves)] == ["v3", "v1"]


def test_a_deployment_on_top_of_a_rollback_goes_back_to_what_the_rollback_served():
    made = fleet("v1", "v2", "v3")
    made.goes_back()
    made.deploys("v4")
    assert [made.goes_back(), made.goes_back(), made.goes_back()] == ["v2", "v1", None]


def test_one_that_never_served_goes_back_to_the_head():
    made = fleet("v1", "v2")
    assert choose(made.entries, undoing="v3").sha == "v2"
    assert choose(made.entries, undoing="v3", below=99).sha == "v2"


def test_a_release_marked_bad_is_neither_taken_nor_offered():
    made = fleet("v1", "v2", "v3")
    made.mark(2, bad=True)
    assert [entry.sha for entry in offered(made.entries, undoing="v3")] == ["v1"]
    assert made.goes_back() == "v1"


def test_a_release_that_was_undone_is_neither_taken_nor_offered():
    made = fleet("v1", "v2", "v3")
    made.mark(2, undone=True)
    assert [entry.sha for entry in offered(made.entries, undoing="v3")] == ["v1"]
    assert made.goes_back() == "v1"


def test_a_bad_release_is_good_again_once_it_served_well_again():
    made = fleet("v1", "v2")
    made.mark(2, bad=True)
    made.deploys("v2")
    made.deploys("v3")
    assert made.goes_back() == "v2"


def test_a_release_that_failed_when_it_was_tried_again_is_passed_over():
    made = fleet("v1", "v2", "v3")
    made.fails("v2")
    assert made.goes_back() == "v1"


def test_a_rollback_to_something_the_ledger_has_forgotten_stands_for_itself():
    made = Fleet()
    made.deploys("v0")
    made.deploys("v9", rollback=True)
    assert [entry.sha for entry in line(made.entries)] == ["v9", "v0"]


def test_entries_may_come_in_any_order():
    made = fleet("v1", "v2", "v3")
    assert choose(made.entries[::-1], undoing="v3", below=3).sha == "v2"


ACTS = st.lists(
    st.tuples(st.sampled_from(["deploy", "fail", "mark", "latest", "named"]), st.integers(0, 3)), max_size=20
)


def lived(acts):
    made = Fleet()
    for act, number in acts:
        choices = offered(made.entries, undoing=made.serves or "")
        match act:
            case "deploy":
                made.deploys(f"v{number}")
            case "fail":
                made.fails(f"v{number}")
            case "mark":
                made.mark(number + 1, bad=True)
            case "latest":
                made.goes_back()
            case "named" if choices and made.serves:
                made.goes_back(choices[number % len(choices)])
    return made


@settings(max_examples=500)
@given(ACTS)
def test_the_choice_is_never_bad_partial_undone_or_current(acts):
    made = lived(acts)
    choices = offered(made.entries, undoing=made.serves or "")
    chosen = made.latest()
    for entry in (*choices, *([chosen] if chosen else [])):
        assert entry.served
        assert not entry.bad
        assert not entry.undone
        assert entry.sha != made.serves
        assert not any(later.bad and later.sha == entry.sha and later.order > entry.order for later in made.entries)


@given(ACTS)
def test_what_latest_would_take_can_also_be_named(acts):
    made = lived(acts)
    chosen = made.latest()
    if chosen:
        assert chosen.sha in {entry.sha for entry in offered(made.entries, undoing=made.serves)}


@settings(max_examples=500)
@given(ACTS)
def test_going_back_again_and_again_never_flips_and_comes_to_an_end(acts):
    made = lived(acts)
    visited = [made.serves]
    while (sha := made.goes_back()) is not None:
        assert sha not in visited
        visited.append(sha)
        assert len(visited) <= 8
    assert made.serves == visited[-1]


@given(st.lists(st.integers(0, 30), min_size=2, max_size=10, unique=True), st.data())
def test_each_step_back_is_to_something_older(shas, data):
    made = fleet(*(f"v{n}" for n in shas))
    steps = data.draw(st.integers(1, len(shas)))
    expected = [f"v{n}" for n in shas[-2::-1]]
    assert [made.goes_back() for _ in range(steps)] == [*expected, None][:steps]


@given(ACTS)
def test_the_line_visits_nothing_twice(acts):
    made = lived(acts)
    visited = [entry.id for entry in line(made.entries)]
    assert len(visited) == len(set(visited))
    assert all(entry.served for entry in line(made.entries))


@pytest.mark.parametrize("below", [None, 2])
def test_a_head_that_was_undone_is_not_where_the_line_begins(below):
    made = fleet("v1", "v2")
    made.mark(2, undone=True)
    assert [entry.sha for entry in line(made.entries, below)] == ["v1"]
