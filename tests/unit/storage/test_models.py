"""The entities' own rules: only listed moves, and what is finished stays finished."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.columns import Instant, Words, plain
from storage.errors import IllegalTransition
from storage.models import FINISHED, HOLDS, NEXT, WAITING, Kind, Status
from tests.builders import NOW, a_deployment, walked

LATER = NOW + timedelta(minutes=3)
STATUSES = st.sampled_from(list(Status))


@given(STATUSES, STATUSES)
def test_only_listed_moves_are_made_and_a_refused_one_changes_nothing(was, to):
    deployment = a_deployment(status=was)
    if to in NEXT[was]:
        deployment.advance(to, at=LATER)
        assert (deployment.status, deployment.version, deployment.changed_at) == (to, 2, LATER)
    else:
        with pytest.raises(IllegalTransition, match=f"that is {was} cannot become {to}"):
            deployment.advance(to, at=LATER)
        assert (deployment.status, deployment.version, deployment.changed_at) == (was, 1, NOW)


@given(st.lists(STATUSES, max_size=30))
def test_whatever_is_tried_a_finished_deployment_stays_finished(tries):
    deployment = a_deployment()
    ended = None
    for to in tries:
        if to in NEXT[deployment.status]:
            deployment.advance(to, at=LATER)
            ended = ended or (to if to in FINISHED else None)
        elif ended:
            with pytest.raises(IllegalTransition):
                deployment.advance(to, at=LATER)
        if ended:
            assert deployment.status is ended
            assert deployment.finished
            assert deployment.finished_at == LATER


@given(STATUSES)
def test_every_status_is_waiting_or_holding_or_finished_and_only_one_of_them(status):
    assert [status in kind for kind in (WAITING, HOLDS, FINISHED)].count(True) == 1
    assert a_deployment(status=status).holds == (status in HOLDS)
    assert a_deployment(status=status).finished == (status in FINISHED)


def test_every_status_has_its_line_in_the_table_and_can_be_reached():
    assert set(NEXT) == set(Status)
    reached, fresh = set(), {Status.REQUESTED}
    while fresh:
        reached |= fresh
        fresh = set().union(*(NEXT[status] for status in fresh)) - reached
    assert reached == set(Status)


def test_from_every_status_that_is_not_finished_there_is_a_way_to_an_end():
    for status in set(Status) - FINISHED:
        seen, fresh = set(), {status}
        while fresh:
            seen |= fresh
            fresh = set().union(*(NEXT[one] for one in fresh)) - seen
        assert seen & FINISHED


def test_nothing_holds_an_environment_before_it_prepares():
    for status in WAITING:
        assert NEXT[status] & HOLDS <= {Status.PREPARING}


def test_the_table_is_the_one_in_the_design():
    """From `requested` straight to `succeeded`, and out of `unknown` and `incomplete` by a person."""
    deployment = walked(a_deployment(), Status.SUCCEEDED)
    assert deployment.finished
    assert Status.SUCCEEDED not in NEXT[Status.UNKNOWN] | NEXT[Status.INCOMPLETE] | NEXT[Status.ROLLING_BACK]
    assert NEXT[Status.INCOMPLETE] >= {Status.ROLLING_BACK, Status.SUPERSEDED}


def test_the_start_is_when_it_first_prepared():
    deployment = walked(a_deployment(), Status.PREPARING, at=LATER)
    deployment.advance(Status.RUNNING, at=LATER + timedelta(minutes=1))
    assert deployment.started_at == LATER
    assert deployment.finished_at is None


def test_a_deployment_has_no_number_before_it_is_stored():
    with pytest.raises(ValueError, match="no number"):
        assert a_deployment().number


def test_a_word_is_stored_by_its_value_and_only_if_it_is_one():
    column = Words(Kind)
    assert column.process_bind_param(Kind.ROLLBACK, None) == "rollback"
    assert column.process_bind_param("deploy", None) == "deploy"
    assert column.process_bind_param(None, None) is None
    assert column.process_result_value("rollback", None) is Kind.ROLLBACK
    assert column.process_result_value(None, None) is None
    with pytest.raises(ValueError, match="sideways"):
        column.process_bind_param("sideways", None)


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_comes_back_as_the_same_moment(moment):
    column = Instant()
    try:
        stored = column.process_bind_param(moment, None)
    except OverflowError:
        return
    assert column.process_result_value(stored.replace(tzinfo=None), None) == stored
    assert stored.timestamp() == moment.timestamp()


def test_an_instant_may_be_missing():
    assert Instant().process_bind_param(None, None) is None
    assert Instant().process_result_value(None, None) is None


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_plain_text_can_be_written_anywhere(text):
    written = plain(text)
    assert "\0" not in written
    written.encode()
    assert plain(written) == written
