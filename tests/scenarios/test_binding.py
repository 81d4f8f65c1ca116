"""What was approved is what runs: a tag that moves, a plan that changes or a freeze that begins stops it."""

from bot.sandbox.repository import move_tag, sha

EVERY_DAY = 'days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
FREEZE = f'freezes = [{{ {EVERY_DAY}, from = "00:00", until = "00:00", reason = "the fair" }}]'
PRODUCTION = '[environments.production]\naliases = ["prod"]'


def test_a_tag_that_moves_after_it_was_asked_for_voids_the_request(calm):
    repository = calm.world.repository
    was = sha(repository, "v2.3")
    number = calm.asks("v2.3")
    move_tag(repository, "v2.3", sha(repository, "v2.1"))
    try:
        calm.presses("ben", "Approve")
        calm.comes_to(number, "refused")
    finally:
        move_tag(repository, "v2.3", was)
    calm.shows(number, f"moved from {was[:7]}", "Ask for it again", "Nothing was switched")
    calm.serves("v2.2")


def test_a_configuration_that_changes_the_plan_voids_the_request_and_an_unrelated_edit_does_not(calm):
    number = calm.asks("v2.3")
    calm.pushes_held("unrelated")
    other = calm.asks("unrelated")
    calm.reconfigures(('timezone = "Europe/Berlin"', 'timezone = "Europe/Lisbon"'))
    calm.presses_seen("ben", calm.sees_card(other), "deployment.approve")
    calm.holds()
    calm.says("ben", f"/deploy cancel {other}")
    calm.comes_to(other, "cancelled")
    calm.reconfigures(("batch = 1", "batch = 2"))
    calm.presses_seen("ben", calm.sees_card(number), "deployment.approve")
    calm.comes_to(number, "refused")
    calm.shows(
        number, "no longer what was approved: batch is 2 now, it was 1. Ask for it again", "Nothing was switched"
    )
    calm.serves("v2.2")


def test_a_freeze_that_begins_after_the_approval_stops_it_before_anything_is_switched(calm):
    calm.pushes_held("frozen-out")
    number = calm.asks("frozen-out")
    calm.presses("ben", "Approve")
    calm.holds()
    calm.reconfigures((PRODUCTION, f"{PRODUCTION}\n{FREEZE}"))
    try:
        calm.lets_go()
        calm.comes_to(number, "refused")
        calm.shows(number, "frozen until", "the fair", "Nothing was switched")
        calm.serves("v2.2")
        calm.says("ana", "/deploy production v2.3")
        calm.is_told("ana", "frozen until", "the fair")
    finally:
        calm.reconfigures((f"{PRODUCTION}\n{FREEZE}", PRODUCTION))
