"""What is seen of the hosts before anybody is asked to approve: each trouble is named, with the host it is on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def broken(scene, trouble: str) -> Iterator[None]:
    """Let something be wrong with web2 for a while."""
    host = scene.world.host("web2")
    records = host.home / "app" / ".shipmate"
    aside = records.with_name("aside")
    match trouble:
        case "gone":
            host.goes_away()
        case "full":
            host.fills_its_disk()
        case "read-only":
            records.rename(aside)
            records.symlink_to("/proc/1", target_is_directory=True)
    try:
        yield
    finally:
        match trouble:
            case "gone":
                host.comes_back()
            case "full":
                host.fills_its_disk(False)
            case "read-only":
                records.unlink()
                aside.rename(records)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [("gone", "reachable"), ("full", "0 MiB free, 512 needed"), ("read-only", "cannot be written")],
)
def test_a_host_that_is_not_ready_is_found_before_anybody_is_asked(calm, trouble, told):
    with broken(calm, trouble):
        calm.says("ana", "/deploy production v2.3")
        calm.is_told("ana", "web2", told, "production is not ready to be deployed to")
    assert (calm.refusals("ana"), calm.unfinished()) == (["preflight"], [])


def test_a_disk_that_fills_up_on_the_way_stops_it_before_anything_is_switched(calm):
    calm.pushes_held("too-big")
    number = calm.begins("too-big")
    calm.holds()
    calm.world.host("web1").fills_its_disk()
    try:
        calm.lets_go()
        calm.comes_to(number, "failed")
    finally:
        calm.world.host("web1").fills_its_disk(False)
    calm.shows(number, "web1")
    loud = calm.sees("production too-big failed")
    assert "before anything was switched" in loud.words
    calm.serves("v2.2")


def test_what_a_half_made_deployment_left_behind_is_told_on_the_card_and_stops_nobody(calm):
    left = calm.world.host("web2").home / "app" / "releases" / "20260101000000-abcdef0.part"
    left.mkdir()
    number = calm.asks("v2.3")
    calm.shows(number, "half-deployed", left.name, "Approve")
    left.rmdir()
