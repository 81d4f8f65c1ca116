"""What a check finds at addresses and of our own rows: health, certificates, deployments, the week, availability."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from deployers.checklists import Item
from deployers.checkup import certificate, rows
from deployers.checkup.answers import Known
from deployers.checkup.rows import Rows
from deployers.environment import Health, Host, Version
from deployers.findings import State
from storage.models import Deployment, Kind, Lock, Status
from storage.samples import Summary
from tests.builders import a_deployment
from tests.unit.deployers import servers
from tests.unit.deployers.house import NOW, SHA, House

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


# Health


def test_an_address_that_answers_is_good(house):
    with servers.answering() as url:
        house.has(url=url, health=Health())
        found = house.look("health")
    assert found.state is State.GOOD
    assert found.said.startswith("address: well within")


def test_every_host_is_asked_where_it_can_be(house):
    with servers.answering() as url:
        house.has(url=url, health=Health(target=url))
        assert house.look("health").said.startswith("well within")
        house.remote.away = {"web2": "it is off"}
        found = house.look("health")
    assert found.state is State.UNKNOWN
    assert found.said == "web2: it cannot be reached (it is off)"


def test_hosts_are_asked_on_the_side_that_serves(house):
    house.known = Known(SHA, "v2.3", colour="green")
    with servers.answering() as url:
        hosts = (Host("web1", "127.0.0.1", port=1, candidate_port=int(url.rsplit(":", 1)[1])),)
        house.has(place=replace(house.environment.place, hosts=hosts), health=Health(target="http://127.0.0.1:{port}"))
        assert house.look("health").state is State.GOOD


def test_a_sick_answer_is_bad(house):
    with servers.answering(503) as url:
        house.has(url=url, health=Health(path="/up"))
        found = house.look("health")
    assert (found.state, found.said) == (State.BAD, "address: sick, /up answered 503")


def test_where_nothing_was_deployed_yet_a_sick_answer_is_no_alarm(house):
    house.known = Known()
    with servers.answering(503) as url:
        house.has(url=url, health=Health(path="/up"))
        found = house.look("health")
    assert found.state is State.ATTENTION
    assert found.said == "address: sick, /up answered 503; nothing was deployed there yet"
    assert found.advice == "Deploy something: `/deploy production`."


def test_an_answer_that_names_another_release_is_bad_unless_something_is_under_way(house):
    with servers.answering(body=b'{"sha": "bad1111111"}') as url:
        house.has(url=url, health=Health(version=Version("/version", "sha")))
        assert house.look("health").state is State.BAD
        house.known = Known(SHA, "v2.3", "#12 v2.4")
        assert house.look("health").state is State.GOOD
        house.known = Known()
        assert house.look("health").state is State.GOOD


def test_a_slow_answer_wants_attention(house):
    with servers.answering() as url:
        house.has(url=url, health=Health(max_p95=timedelta(microseconds=1)))
        assert house.look("health").state is State.ATTENTION


def test_an_address_that_hangs_is_bad(house):
    """People see the same: nothing comes."""
    with servers.silent() as port:
        house.has(url=f"http://127.0.0.1:{port}", health=Health(timeout=timedelta(seconds=0.3)))
        found = house.look("health")
    assert (found.state, found.said) == (State.BAD, "address: sick, /api/health: no answer within 0.3 s")


def test_an_environment_without_an_address_is_not_looked_at(house):
    assert house.look("health").state is State.IDLE


# Certificates


@pytest.fixture
def trusting(tmp_path):
    """Give what looks at certificates, and trusts the ones of this folder."""

    def look(url: str):
        context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        return certificate.ends(url, context=context, seconds=5)

    return look


@pytest.mark.parametrize(
    ("days", "state"), [(60, State.GOOD), (21.5, State.GOOD), (20, State.ATTENTION), (6, State.BAD)]
)
def test_a_certificate_is_judged_by_the_days_that_are_left(house, trusting, tmp_path, days, state):
    until = datetime.now(UTC).replace(microsecond=0) + days * DAY
    with servers.secured(*servers.certificate(tmp_path, until=until)) as url:
        house.has(url=url)
        house.tools, house.now = {"certificate": trusting}, datetime.now(UTC)
        found = house.look("certificate")
    assert found.state is state
    assert found.said.endswith(f"until {until:%Y-%m-%d}")


def test_a_certificate_that_has_ended_is_bad(house, trusting, tmp_path):
    with servers.secured(*servers.certificate(tmp_path, until=datetime.now(UTC) - DAY)) as url:
        house.has(url=url)
        house.tools = {"certificate": trusting}
        found = house.look("certificate")
    assert (found.state, found.said) == (State.BAD, "browsers refuse it: certificate has expired")


def test_a_certificate_that_nobody_trusts_is_bad(house, tmp_path):
    with servers.secured(*servers.certificate(tmp_path, until=datetime.now(UTC) + 60 * DAY)) as url:
        house.has(url=url)
        found = house.look("certificate")
    assert found.state is State.BAD
    assert found.said.startswith("browsers refuse it: self-signed certificate")


def test_a_certificate_that_cannot_be_seen_is_unknown(house):
    house.has(url=f"https://127.0.0.1:{servers.free_port()}")
    found = house.look("certificate")
    assert (found.state, found.said) == (State.UNKNOWN, "it could not be seen: Connection refused")


def test_an_address_that_never_shows_a_certificate_is_unknown(house):
    house.tools = {"certificate": partial(certificate.ends, seconds=0.3)}
    with servers.silent() as port:
        house.has(url=f"https://127.0.0.1:{port}")
        assert house.look("certificate").state is State.UNKNOWN


def test_an_address_without_tls_has_no_certificate_to_look_at(house):
    house.has(url="http://127.0.0.1")
    assert house.look("certificate").said == "`url` is not https"


# Our own rows


def ended(
    number: int, status: Status, *, ago: timedelta, took: float = 60, kind: Kind = Kind.DEPLOY, automatic: bool = False
) -> Deployment:
    deployment = a_deployment(f"v2.{number}", kind=kind, status=status, at=NOW - ago, automatic=automatic)
    deployment.id, deployment.finished_at = number, NOW - ago + timedelta(seconds=took)
    return deployment


def judged(house: House, probe: str, seen: Rows):
    (found,) = rows.JUDGES[probe](Item(probe), seen, [house.environment])
    return found


def seen(**given) -> Rows:
    return Rows(**{"now": NOW, "since": NOW - DAY, **given})


def test_deployments_since_the_last_check_are_listed_and_older_ones_are_not(house):
    old, new = ended(1, Status.SUCCEEDED, ago=2 * DAY), ended(2, Status.SUCCEEDED, ago=DAY / 2)
    found = judged(house, "deployments", seen(finished=(old, new)))
    assert (found.state, found.said) == (State.GOOD, "1 succeeded")
    assert found.lines == ("#2 v2.2 → production succeeded, by ana",)


def test_a_deployment_that_went_wrong_wants_attention(house):
    run = (ended(1, Status.FAILED, ago=DAY / 3), ended(2, Status.ROLLED_BACK, ago=DAY / 2))
    back = ended(3, Status.SUCCEEDED, ago=DAY / 2, kind=Kind.ROLLBACK, automatic=True)
    found = judged(house, "deployments", seen(finished=(*run, back)))
    assert (found.state, found.said) == (State.ATTENTION, "1 rolled back, 1 failed")


def test_a_deployment_that_waits_for_somebody_is_bad(house):
    stuck = a_deployment("v2.5", status=Status.INCOMPLETE)
    stuck.id = 9
    found = judged(house, "deployments", seen(unfinished=(stuck,)))
    assert (found.state, found.lines) == (State.BAD, ("#9 v2.5 → production needs somebody",))
    assert "/deploy status" in found.advice


def test_what_was_never_run_and_what_was_elsewhere_does_not_count(house):
    refused = ended(1, Status.REJECTED, ago=DAY / 2)
    elsewhere = ended(2, Status.FAILED, ago=DAY / 2)
    elsewhere.environment = "staging"
    found = judged(house, "deployments", seen(finished=(refused, elsewhere)))
    assert (found.state, found.said) == (State.GOOD, "none since the last check")


def test_a_week_stands_beside_the_one_before(house):
    finished = (
        ended(1, Status.SUCCEEDED, ago=9 * DAY, took=300),
        ended(2, Status.SUCCEEDED, ago=3 * DAY, took=120),
        ended(3, Status.FAILED, ago=2 * DAY),
        ended(4, Status.SUCCEEDED, ago=1 * DAY, kind=Kind.ROLLBACK),
    )
    found = judged(house, "week", seen(finished=finished))
    assert found.state is State.ATTENTION
    assert found.said == "2 deployments, 1 failed, 1 rolled back; done 2 minutes after the request (median)"
    assert found.lines == (
        "Week before: 1 deployment, 0 failed, 0 rolled back; done 5 minutes after the request (median)",
    )


def test_a_week_no_worse_than_the_one_before_is_good(house):
    found = judged(house, "week", seen(finished=(ended(1, Status.FAILED, ago=9 * DAY),)))
    assert (found.state, found.said) == (State.GOOD, "0 deployments, 0 failed, 0 rolled back")


def available(house: House, this: Summary, last: Summary = Summary()):  # noqa: B008 - a frozen value
    house.has(url="https://shop.example", health=Health())
    return judged(house, "availability", seen(samples={"production": (this, last)}))


def test_availability_and_speed_stand_beside_those_of_the_week_before(house):
    found = available(house, Summary(9_999, 1, 0, 0.2), Summary(9_990, 10, 0, 0.3))
    assert found.state is State.GOOD
    assert found.said == ("99.99 % available, 95 of 100 answers within 200 ms (week before: 99.9 % available, 300 ms)")


@pytest.mark.parametrize(
    ("summary", "state"),
    [
        (Summary(9_980, 20, 0, 0.2), State.ATTENTION),
        (Summary(9_000, 1_000, 0, 0.2), State.BAD),
        (Summary(10_000, 0, 0, 1.5), State.ATTENTION),
        (Summary(), State.UNKNOWN),
        (Summary(59, 0, 0, 0.1), State.UNKNOWN),
        (Summary(0, 0, 10_000), State.UNKNOWN),
        (Summary(0, 60), State.BAD),
    ],
)
def test_availability_is_judged_by_the_looks_that_could_be_taken(house, summary, state):
    assert available(house, summary).state is state


def test_an_environment_without_an_address_has_no_availability(house):
    assert judged(house, "availability", seen()).state is State.IDLE


@pytest.mark.parametrize(
    ("minutes", "state", "said"),
    [(5, State.GOOD, "5 minutes"), (90, State.ATTENTION, "90 minutes"), (60 * 49, State.BAD, "2 days")],
)
def test_a_lock_is_judged_by_how_long_it_is_held(house, minutes, state, said):
    lock = Lock(environment="production", deployment_id=12, taken_at=NOW - timedelta(minutes=minutes))
    found = judged(house, "locks", seen(locks=(lock,)))
    assert (found.state, found.said) == (state, f"production by #12 for {said}")


def test_without_locks_all_is_well(house):
    assert judged(house, "locks", seen()).state is State.GOOD
