"""A deployment that somebody stops: it ends as stopped, by whom, and never as something that failed."""


def test_what_is_stopped_before_anything_is_switched_changes_nothing_and_is_no_failure(calm):
    calm.pushes_held("regretted")
    number = calm.asks("regretted")
    calm.presses("ben", "Approve")
    calm.holds()
    calm.presses("ben", "Abort")
    calm.comes_to(number, "cancelled")
    calm.shows(number, "was stopped by <@U0BEN>", "before anything was switched", "`v2.2` serves as before")
    calm.serves("v2.2")
    said = [*calm.world.slack.messages("deployments"), *calm.world.slack.messages("alerts")]
    assert [it for it in said if "`regretted`" in it.words] == calm.cards(number)


def test_who_comes_too_late_to_stop_it_is_told_who_was_first(calm):
    calm.pushes_held("regretted-by-two")
    number = calm.asks("regretted-by-two")
    calm.presses("ben", "Approve")
    calm.holds()
    calm.shows(number, "Abort")
    seen = calm.sees_card(number)
    calm.at_once(*(lambda who=who: calm.presses_seen(who, seen, "deployment.abort") for who in ("ben", "lea")))
    calm.comes_to(number, "cancelled")
    calm.until("one refusal", lambda: [*calm.refusals("ben"), *calm.refusals("lea")])
    assert len(calm.audited("deployment.abort_requested")) == 1
    late = "ben" if calm.refusals("ben") else "lea"
    first = {"ben": "<@U0LEA>", "lea": "<@U0BEN>"}[late]
    calm.is_told(late, first)
