"""What every strategy promises, whatever the fleet."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.environment import RollbackPolicy
from deployers.plan import (
    KINDS,
    Activate,
    CandidateCheck,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    Plan,
    Prepare,
    Verify,
)
from deployers.ports import Revision
from deployers.runner import segments
from deployers.strategies import Left, tidying, way_back
from deployers.strategies.rolling import batches, left_behind
from tests.unit.deployers.worlds import LARAVEL, SHA, WEB, environment, plan

KIND = st.sampled_from(["deploy", "rollback"])
RECIPE = st.sampled_from([WEB, LARAVEL])
BATCH = st.one_of(st.integers(1, 4), st.sampled_from(["10%", "25%", "50%", "100%"]))


@given(kind=KIND, recipe=RECIPE, count=st.integers(1, 9), batch=BATCH)
def test_every_strategy_activates_each_target_once_and_verifies_it(kind, recipe, count, batch):
    """Whatever the strategy, nobody is skipped, served twice or left unchecked."""
    where = environment(count, batch=batch, recipe=recipe)
    steps = plan(where, kind=kind).steps
    everyone = [host.name for host in where.hosts]
    assert sorted(t for s in steps if isinstance(s, Activate) for t in s.targets) == sorted(everyone)
    last_switch = max(n for n, s in enumerate(steps) if isinstance(s, Activate))
    assert any(set(s.targets) == set(everyone) for s in steps[last_switch:] if isinstance(s, Verify))


@given(count=st.integers(1, 9), batch=BATCH)
def test_visitors_are_let_in_wherever_they_were_kept_out(count, batch):
    steps = plan(environment(count, batch=batch, recipe=LARAVEL)).steps
    shut = [t for s in steps if isinstance(s, MaintenanceOn) for t in s.targets]
    opened = [t for s in steps if isinstance(s, MaintenanceOff) for t in s.targets]
    assert shut == opened


@given(count=st.integers(1, 9), batch=BATCH)
def test_code_is_prepared_before_maintenance_and_migrations_run_on_one_target_before_any_switch(count, batch):
    words = [s.word for s in plan(environment(count, batch=batch, recipe=LARAVEL)).steps]
    assert words[:3] == ["prepare", "build", "maintenance_on"]
    assert words.count("migrate") == 1
    assert words.index("migrate") < words.index("activate")


def test_a_candidate_is_checked_before_its_target_is_switched():
    words = [s.word for s in plan(environment(1)).steps]
    assert words.index("candidate_check") < words.index("candidate_stop") < words.index("activate")


def test_the_first_batch_is_watched_for_the_whole_window():
    verifies = [s for s in plan(environment(3)).steps if isinstance(s, Verify)]
    assert [s.hold.total_seconds() for s in verifies] == [10, 0, 0, 10]


@pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), ("25%", [2, 2, 1]), ("100%", [5]), (9, [5])])
def test_a_batch_is_a_count_or_a_share(size, sizes):
    assert [len(batch) for batch in batches("abcde", size)] == sizes


@given(kind=KIND, recipe=RECIPE, count=st.integers(1, 5), batch=BATCH)
def test_a_plan_survives_being_stored_and_keeps_its_hash(kind, recipe, count, batch):
    made = plan(environment(count, batch=batch, recipe=recipe), kind=kind)
    read = Plan.read(made.document())
    assert (read, read.hash) == (made, made.hash)


def test_the_hash_covers_the_sha_the_targets_and_the_migrations_but_not_the_time_stamp():
    where = environment(2)
    made = plan(where)
    others = [plan(where, sha="d" * 40), plan(environment(3)), plan(where, migrations=("migrations/1.sql",))]
    assert len({made.hash, *(other.hash for other in others)}) == 4
    assert Plan.read({**made.document(), "release": "another"}).hash == made.hash


def test_secrets_in_health_headers_are_not_part_of_a_plan():
    from dataclasses import replace

    from tests.unit.deployers.worlds import HEALTH

    where = environment(health=replace(HEALTH, headers={"Authorization": "Bearer s3cret"}))
    assert "s3cret" not in str(plan(where).document())


@given(kind=KIND, recipe=RECIPE, count=st.integers(1, 6), batch=BATCH)
def test_segments_hold_every_step_once_in_order_and_looks_stand_alone(kind, recipe, count, batch):
    made = plan(environment(count, batch=batch, recipe=recipe), kind=kind)
    cut = segments(made)
    assert [step for segment in cut for step in segment.steps] == list(made.steps)
    assert [made.steps[segment.first] for segment in cut] == [segment.steps[0] for segment in cut]
    assert all(len(s.steps) == 1 for s in cut if isinstance(s.steps[0], Verify | CandidateCheck | Migrate))
    assert all(len({step.targets for step in segment.steps}) == 1 for segment in cut)


def test_the_way_back_touches_only_what_was_touched_last_one_first():
    where = environment(3)
    back = way_back(plan(where), where, to=Revision("v2.2", "", SHA), release="old", touched=("web1", "web2"))
    assert {step.targets for step in back.steps} == {("web2", "web1")}
    assert (back.kind, back.replaces) == ("rollback", SHA)


def test_every_kind_of_step_can_be_read_back():
    assert {kind.word for kind in KINDS.values()} == set(KINDS)
    assert KINDS["prepare"] is Prepare


def test_targets_of_later_batches_are_left_behind_by_an_undeclared_migration():
    three = environment(3)
    assert left_behind(three, ("migrations/007.sql",)) == ("web2", "web3")
    assert left_behind(three, ()) == ()
    assert left_behind(environment(1), ("migrations/007.sql",)) == ()
    declared = replace(three, rollback=RollbackPolicy(migrations="compatible"))
    assert left_behind(declared, ("migrations/007.sql",)) == ()


@pytest.mark.parametrize("kind", ["deploy", "rollback"])
def test_a_recipe_whose_maintenance_belongs_to_people_keeps_deployments_out_of_it(kind):
    by_hand = environment(2, recipe=replace(LARAVEL, maintenance_in_deployments=False))
    assert not [s for s in plan(by_hand, kind=kind).steps if isinstance(s, MaintenanceOn | MaintenanceOff)]
    assert tidying(by_hand, Left(touched=("web1",))) == ()
    assert [s.word for s in tidying(environment(2, recipe=LARAVEL), Left(touched=("web1",)))] == ["maintenance_off"]


def test_a_recipe_that_does_not_mention_it_has_the_plan_it_had_before():
    assert "maintenance_in_deployments" not in plan(environment(1)).resolved["recipe"]
