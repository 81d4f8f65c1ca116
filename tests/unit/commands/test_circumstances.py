"""What speaks against a moment is told beside the button: the hour, and how it went before."""

from datetime import UTC, datetime

import pytest

from commands.views.circumstances import Circumstances, circumstances
from commands.views.risks import risks, special
from deployers.ports import Difference
from storage.models import Deployment, Kind, Status
from tests.builders import NOW, a_deployment, sha_of


def told(at=NOW, *before: Deployment, sha="v2.3", zone="Europe/Berlin"):
    return circumstances(Circumstances(at, zone, sha_of(sha), before))


def ended(ref, status, number=11, **about):
    made = a_deployment(ref, status=status, kind=about.pop("kind", Kind.DEPLOY))
    made.id = number
    for name, value in about.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), ""),
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), "it is Tuesday 06:59 in Europe/Berlin: few people are there"),
        (datetime(2026, 11, 24, 17, tzinfo=UTC), "it is Tuesday 18:00 in Europe/Berlin: few people are there"),
        (datetime(2026, 11, 27, 13, 59, tzinfo=UTC), ""),
        (datetime(2026, 11, 27, 14, tzinfo=UTC), "it is Friday 15:00 in Europe/Berlin: the weekend is near"),
        (datetime(2026, 11, 28, 10, tzinfo=UTC), "it is Saturday 11:00 in Europe/Berlin: few people are there"),
    ],
)
def test_an_hour_at_which_nobody_would_notice_is_a_risk(at, says):
    assert "".join(told(at)).startswith(says)
    assert bool(told(at)) is bool(says)


def test_a_commit_that_did_not_go_well_here_before_is_a_risk():
    before = (ended("v2.2", Status.SUCCEEDED, 12), ended("v2.3", Status.ROLLED_BACK))
    assert told(NOW, *before) == ["this very commit did not go well here before (#11 is rolled back)"]
    undone = ended("v2.3", Status.SUCCEEDED, bad=True, undone_by=12)
    assert told(NOW, undone) == ["this very commit did not go well here before (#11 was taken back)"]


def test_the_last_outcome_is_a_risk_when_it_was_bad_and_only_the_last():
    bad, good = ended("v2.1", Status.FAILED), ended("v2.2", Status.SUCCEEDED, 12)
    assert told(NOW, bad) == ["the last deployment here did not go well (#11 v2.1 is failed)"]
    assert told(NOW, good, bad) == []


def test_what_was_never_begun_and_rollbacks_are_no_outcome():
    never = ended("v2.3", Status.REJECTED)
    back = ended("v2.1", Status.FAILED, kind=Kind.ROLLBACK)
    assert told(NOW, never, back) == []


def test_paths_that_are_configured_as_risky_are_named():
    seen = Difference((), 1, (), 0, (), touched=("app/Billing/a.php", "app/Billing/b.php", "src/x.php"))
    assert special(seen, ("app/Billing/*",)) == [
        "what counts as risky here changes: app/Billing/a.php, app/Billing/b.php"
    ]
    assert special(seen, ()) == special(seen, ("docs/*",)) == []


def test_that_not_every_changed_file_was_looked_at_is_said():
    many = Difference((), 1, (), 0, (), files_changed=300, touched=tuple(f"src/{n}" for n in range(200)))
    assert risks(many, way_back="v1") == ["only the first 200 files that change were looked at for these"]


def test_the_card_of_a_request_tells_them(world):
    world.serves("v2.1")
    world.says("ana", "/deploy production v2.3")
    with world.store.begin() as session:
        world.walk(deployment := session.merge(world.deployment(2)), Status.FAILED)
        session.add(deployment)
    reply = world.says("ana", "/deploy plan production v2.3")
    assert "this very commit did not go well here before (#2 is failed)" in str(reply.blocks)
