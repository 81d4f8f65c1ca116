"""Which way out is safe?"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from deployers.way_out import Situation, WayOut, decide

SWITCHED = Situation(
    kind="deploy",
    touched=("web1",),
    switched=("web1",),
    migrated=False,
    compatible=False,
    automatic=True,
    aborted=False,
    back_wanted=False,
    way_back=True,
)


def test_a_failed_release_goes_back_by_itself():
    assert decide(SWITCHED) is WayOut.BACK


def test_nothing_is_done_where_nobody_noticed_anything():
    assert decide(replace(SWITCHED, touched=(), switched=())) is WayOut.NOTHING


def test_visitors_are_let_in_again_when_only_maintenance_was_on():
    assert decide(replace(SWITCHED, switched=())) is WayOut.LET_IN


def test_going_back_over_a_migration_asks_unless_it_is_compatible():
    assert decide(replace(SWITCHED, migrated=True)) is WayOut.ASK
    assert decide(replace(SWITCHED, migrated=True, compatible=True)) is WayOut.BACK


def test_a_rollback_never_rolls_back_itself():
    assert decide(replace(SWITCHED, kind="rollback")) is WayOut.ASK


def test_an_abort_goes_back_only_when_it_was_asked_to():
    assert decide(replace(SWITCHED, aborted=True)) is WayOut.ASK
    assert decide(replace(SWITCHED, aborted=True, back_wanted=True)) is WayOut.BACK


def test_without_a_release_to_go_back_to_a_person_is_asked():
    assert decide(replace(SWITCHED, way_back=False)) is WayOut.ASK


@given(
    st.builds(
        Situation,
        kind=st.sampled_from(["deploy", "rollback"]),
        touched=st.just(("a",)),
        switched=st.just(("a",)),
        migrated=st.booleans(),
        compatible=st.booleans(),
        automatic=st.booleans(),
        aborted=st.booleans(),
        back_wanted=st.booleans(),
        way_back=st.booleans(),
    )
)
def test_going_back_always_has_somewhere_to_go_and_never_crosses_an_undeclared_migration(now):
    if decide(now) is WayOut.BACK:
        assert now.way_back
        assert now.kind == "deploy"
        assert now.compatible or not now.migrated
