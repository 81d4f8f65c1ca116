"""Who says yes and who says no: at the same instant, twice, too late, and with buttons that are not what they seem."""

import pytest

APPROVE, REJECT = "deployment.approve", "deployment.reject"
DECISIONS = ("deployment.approved", "deployment.rejected")
ELSEWHERE = "0" * 64


@pytest.fixture
def asked(calm) -> int:
    """Give the number of a request that waits; once approved its builds wait, so that nothing is switched."""
    branch = f"held-{calm.newest() + 1}"
    calm.pushes_held(branch)
    number: int = calm.asks(branch)
    return number


def decided(scene) -> list[tuple[str, str]]:
    """Return who decided what since the story began."""
    return [(who, what) for who, what, _ in scene.audited(*DECISIONS)]


def test_of_an_approval_and_a_rejection_at_the_same_instant_one_counts_and_the_other_is_told_who_won(calm, asked):
    calm.presses("lea", "Reject")
    slack = calm.world.slack
    calm.at_once(lambda: calm.presses("ben", "Approve"), lambda: slack.submits("lea", {"reason": "not today"}))
    calm.until("both answers", lambda: len(calm.audited(*DECISIONS, "command.refused")) == 2)
    [(winner, what)] = decided(calm)
    if what == "deployment.approved":
        assert (winner, calm.refusals("lea")) == ("U0BEN", ["decided"])
        calm.is_told("lea", "was approved by <@U0BEN>", "I did nothing")
    else:
        assert (winner, calm.refusals("ben")) == ("U0LEA", ["decided"])
        calm.is_told("ben", "was rejected by <@U0LEA>", "not today", "I did nothing")
        assert calm.status(asked) == "rejected"
    assert calm.shipmate("audit", "verify")[0] == 0


def test_a_double_click_approves_once_and_begins_once(calm, asked):
    seen = calm.sees_card(asked)
    calm.at_once(*[lambda: calm.presses_seen("ben", seen, APPROVE)] * 2)
    calm.is_told("ben", "That was the last one needed")
    calm.is_told("ben", "was approved by <@U0BEN>", "I did nothing")
    assert decided(calm) == [("U0BEN", "deployment.approved")]
    calm.comes_to(asked, "preparing")
    assert len(calm.audited("deployment.started")) == 1


def test_of_two_approvers_at_once_exactly_one_was_the_last_one_needed(calm, asked):
    calm.says("omar", f"/deploy cancel {asked}")
    calm.comes_to(asked, "cancelled")
    calm.reconfigures(
        ('approvals = { required = 1, role = "approver"', 'approvals = { required = 2, role = "approver"')
    )
    calm.pushes_held("held-by-two")
    number = calm.asks("held-by-two")
    calm.shows(number, "Needs 2 approvals")
    calm.at_once(lambda: calm.presses("ben", "Approve"), lambda: calm.presses("lea", "Approve"))
    calm.comes_to(number, "preparing")
    assert sorted(who for who, _ in decided(calm)) == ["U0BEN", "U0LEA"]
    first, last = (detail for _, _, detail in calm.audited("deployment.approved"))
    assert (first["agreed"], last["agreed"], last["of"]) == (1, 2, 2)
    assert len(calm.audited("deployment.started")) == 1
    calm.shows(number, "Approved by", "<@U0BEN>", "<@U0LEA>")
    calm.clears_away()
    calm.reconfigures(
        ('approvals = { required = 2, role = "approver"', 'approvals = { required = 1, role = "approver"')
    )


def test_the_button_of_an_older_deployments_card_changes_nothing_and_says_what_became_of_it(calm, asked):
    seen = calm.sees_card(asked)
    calm.says("ana", f"/deploy cancel {asked}")
    calm.comes_to(asked, "cancelled")
    calm.pushes_held(f"newer-{asked}")
    newer = calm.asks(f"newer-{asked}")
    calm.presses_seen("ben", seen, APPROVE)
    calm.is_told("ben", f"#{asked}", "was cancelled by <@U0ANA>", "I did nothing")
    assert (calm.status(newer), decided(calm)) == ("awaiting_approval", [])
    assert calm.refusals("ben") == ["decided"]


@pytest.mark.parametrize(
    ("value", "code", "told"),
    [
        ("{number}:" + ELSEWHERE, "stale", "belongs to another plan"),
        ("1:{hash}", "decided", "I did nothing"),
        ("99999:{hash}", "not_found", "99999"),
        ("approve please", "tampered", "not one of mine"),
        ("{number}:{hash}; DROP TABLE deployment", "stale", "belongs to another plan"),
    ],
)
def test_a_button_whose_value_was_tampered_with_changes_nothing(calm, asked, value, code, told):
    [(plan_hash,)] = calm.rows("SELECT plan_hash FROM deployment WHERE id = ?", asked)
    seen = calm.sees_card(asked, value.format(number=asked, hash=plan_hash))
    calm.presses_seen("ben", seen, APPROVE)
    calm.is_told("ben", told)
    assert (calm.status(asked), decided(calm), calm.refusals("ben")) == ("awaiting_approval", [], [code])


def test_nobody_approves_their_own_request_or_without_the_role(calm):
    calm.asks("v2.3", by="ben")
    calm.presses("ben", "Approve")
    calm.is_told("ben", "somebody else has to approve")
    calm.presses("ana", "Approve")
    calm.is_told("ana", "you are not one of them")
    assert decided(calm) == []
    assert calm.world.host("web1").serves == "v2.2"


def test_a_rejection_asks_for_a_reason_and_ends_it(calm, asked):
    calm.presses("ben", "Reject")
    assert calm.world.slack.submits("ben", {"reason": "not on a Friday"}) == {}
    card = calm.shows(asked, "was rejected", "<@U0BEN>", "not on a Friday")
    assert "Approve" not in card
