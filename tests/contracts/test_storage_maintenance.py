"""What is remembered of maintenance, over each database."""

from datetime import timedelta

from storage import deployments, maintenance, steps
from storage.models import MaintenanceSwitch, StepRecord, StepState, SwitchState, Told
from tests.builders import NOW, a_deployment, a_plan


def a_switch(key: str, place: str = "production", *, on: bool = True, **given) -> MaintenanceSwitch:
    return MaintenanceSwitch(
        key=key, environment=place, keeps_out=on, by="U0OMAR", asked_at=NOW, changed_at=NOW, **given
    )


def test_the_same_wish_twice_is_one(any_store):
    with any_store.begin() as session:
        assert maintenance.want(session, a_switch("a"))
        assert maintenance.want(session, a_switch("a")) is None


def test_the_newest_counts_and_what_was_dropped_does_not(any_store):
    with any_store.begin() as session:
        kept = maintenance.want(session, a_switch("a"))
        maintenance.want(session, a_switch("b", on=False, state=SwitchState.DROPPED))
        maintenance.want(session, a_switch("c", "staging"))
    with any_store.look() as session:
        assert maintenance.newest(session, "production").number == kept.number
        assert maintenance.newest(session, "nowhere") is None


def test_where_it_is_over_is_nothing_left_to_do(any_store):
    with any_store.begin() as session:
        maintenance.want(session, a_switch("a", "on", state=SwitchState.DONE))
        maintenance.want(session, a_switch("b", "over"))
        maintenance.want(session, a_switch("c", "over", on=False, state=SwitchState.DONE))
        maintenance.want(session, a_switch("d", "partly", on=False, state=SwitchState.PARTLY))
        maintenance.want(session, a_switch("e", "wanted", on=False))
        assert sorted(maintenance.not_over(session)) == ["on", "partly", "wanted"]


def test_only_what_was_asked_for_lately_is_under_way(any_store):
    with any_store.begin() as session:
        maintenance.want(session, a_switch("a"))
        assert maintenance.under_way(session, "production", NOW)
        assert not maintenance.under_way(session, "production", NOW + timedelta(seconds=1))


def test_what_became_of_it_on_each_host_is_kept(any_store):
    with any_store.begin() as session:
        number = maintenance.want(session, a_switch("a")).number
    with any_store.begin() as session:
        maintenance.get_for_change(session, number).tell("web1", Told("m1.0.web1.1", settled="succeeded"))
    with any_store.look() as session:
        assert maintenance.get(session, number).told == {"web1": Told("m1.0.web1.1", settled="succeeded")}
        assert maintenance.changed(session) == NOW


def test_the_deployments_that_have_let_visitors_in_since_are_known_by_host(any_store):
    with any_store.begin() as session:
        number = deployments.add(session, a_deployment(), a_plan()).number
        for host, minutes in (("web1", -1), ("web2", 1)):
            record = StepRecord(
                deployment_id=number,
                number=5,
                target=host,
                kind="maintenance_off",
                operation=f"d.5.{host}.1",
                started_at=NOW,
            )
            steps.intend(session, record)
            steps.settle(session, record.operation, StepState.SUCCEEDED, at=NOW + timedelta(minutes=minutes))
        assert maintenance.let_in(session, "production", NOW) == {"web2": number}
        assert maintenance.let_in(session, "staging", NOW) == {}
