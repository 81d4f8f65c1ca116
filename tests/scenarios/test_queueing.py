"""Several releases for one environment: one at a time, in the order in which they were approved, and said so."""


def test_what_waits_says_what_it_begins_after_and_moves_up_when_that_is_gone(calm):
    for branch in ("first", "second", "third"):
        calm.pushes_held(branch)
    first, second, third = (calm.asks(branch) for branch in ("first", "second", "third"))
    for number in (first, third, second):
        calm.presses_seen("ben", calm.sees_card(number), "deployment.approve")
        calm.comes_to(number, "preparing", "queued")
    calm.comes_to(first, "preparing")
    calm.shows(third, f"Begins after #{first} `first`", "if `v2.2` runs there then")
    calm.shows(second, f"Begins after #{third} `third`")
    calm.is_told("ben", "That was the last one needed", f"it begins after #{third}")
    calm.says("ana", f"/deploy cancel {third}")
    calm.shows(second, f"Begins after #{first} `first`")
    assert calm.status(second) == "queued"
    calm.says("ben", f"/deploy cancel {first}")
    calm.comes_to(first, "cancelled")
    calm.comes_to(second, "preparing")
    calm.shows(second, "getting ready")


def test_what_waited_is_void_when_something_else_runs_there_by_then(calm):
    calm.pushes_held("held")
    held, other = calm.asks("held"), calm.asks("main")
    for number in (held, other):
        calm.presses_seen("ben", calm.sees_card(number), "deployment.approve")
    calm.shows(other, f"Begins after #{held}")
    calm.lets_go()
    calm.comes_to(held, "succeeded")
    calm.comes_to(other, "refused")
    calm.shows(other, "was asked for when", "Ask for it again")
    calm.goes_back()
