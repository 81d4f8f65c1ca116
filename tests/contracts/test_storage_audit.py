"""The audit chain on both databases: unbroken under many writers, and no tampering goes unnoticed."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage import anchor, audit
from storage.spool import Spool
from tests.builders import NOW, undone

ENTRIES = 6


def write(store, count=ENTRIES):
    for number in range(count):
        with store.begin() as session:
            audit.record(
                session,
                actor="U0ANA",
                action="deployment.requested",
                subject=f"deployment:{number}",
                detail={"ref": "v2.3", "n": number},
                at=NOW + timedelta(seconds=number),
            )


def verified(store, anchors=()):
    with store.look() as session:
        return audit.verify(session, anchors)


def tamper(store, statement, **values):
    with store.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_an_empty_chain_is_whole(any_store):
    assert verified(any_store) == audit.Verified(0, "")


def test_entries_are_chained_from_one_without_a_gap(any_store):
    write(any_store)
    with any_store.look() as session:
        chain = list(audit.export(session))
    assert [entry["number"] for entry in chain] == list(range(1, ENTRIES + 1))
    assert [entry["previous"] for entry in chain] == ["", *(entry["hash"] for entry in chain[:-1])]
    assert verified(any_store) == audit.Verified(ENTRIES, chain[-1]["hash"])


def test_the_hash_is_what_the_docstring_says(any_store):
    with any_store.begin() as session:
        entry = audit.record(session, actor="ü", action="a.b", detail={"z": 1, "a": {"y": None, "b": "–"}}, at=NOW)
    expected = (
        '{"action":"a.b","actor":"\\u00fc","at":"2026-11-24T09:00:00.000000Z",'
        '"detail":{"a":{"b":"\\u2013","y":null},"z":1},"number":1,"previous":"","subject":""}'
    )
    assert entry.hash == sha256(expected.encode()).hexdigest()
    with any_store.look() as session:
        (exported,) = audit.export(session)
    assert audit.canonical(exported) == expected
    assert audit.digest(json.loads(json.dumps(exported))) == entry.hash


def test_several_entries_in_one_transaction_follow_each_other(any_store):
    with any_store.begin() as session:
        for action in ("a", "b", "c"):
            audit.record(session, actor="x", action=action, at=NOW)
    assert verified(any_store).entries == 3


def test_an_act_that_was_rolled_back_leaves_no_gap(any_store):
    write(any_store, 1)
    undone(any_store, lambda session: audit.record(session, actor="x", action="never", at=NOW))
    write(any_store, 1)
    assert verified(any_store) == audit.Verified(2, verified(any_store).head)


def test_many_writers_at_once_make_one_unbroken_chain(any_store):
    start = Barrier(6)

    def writer(_):
        start.wait(30)
        write(any_store, 5)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(writer, range(6)))
    assert verified(any_store).entries == 30
    assert verified(any_store).broken_at is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'U0BEN' WHERE number = 3",
        "UPDATE audit SET action = 'deployment.approved' WHERE number = 3",
        "UPDATE audit SET subject = '' WHERE number = 3",
        """UPDATE audit SET detail = '{"ref": "v2.4", "n": 2}' WHERE number = 3""",
        "UPDATE audit SET at = '2026-11-24 08:00:00.000000+00:00' WHERE number = 3",
        "UPDATE audit SET previous = '' WHERE number = 3",
        "UPDATE audit SET hash = 'f' WHERE number = 3",
        "UPDATE audit SET number = 44 WHERE number = 3",
    ],
)
def test_changing_any_field_is_found_at_its_entry(any_store, change):
    write(any_store)
    if any_store.engine.dialect.name == "sqlite":
        change = change.replace("+00:00", "")
    tamper(any_store, change)
    found = verified(any_store)
    assert (found.entries, found.broken_at) == (2, 3)
    assert "entry 3" in found.why


def test_a_changed_entry_with_a_new_hash_is_found_at_the_next_one(any_store):
    write(any_store)
    with any_store.look() as session:
        third = list(audit.export(session))[2]
    forged = audit.digest({**third, "actor": "U0EVE"})
    tamper(any_store, "UPDATE audit SET actor = 'U0EVE', hash = :hash WHERE number = 3", hash=forged)
    assert verified(any_store).broken_at == 4


@pytest.mark.parametrize("number", range(1, ENTRIES + 1))
def test_deleting_any_entry_is_found(any_store, number):
    write(any_store)
    tamper(any_store, "DELETE FROM audit WHERE number = :number", number=number)
    assert verified(any_store).broken_at == number


def test_closing_the_gap_after_deleting_is_found(any_store):
    write(any_store)
    tamper(any_store, "DELETE FROM audit WHERE number = 3")
    for number in range(4, ENTRIES + 1):
        tamper(any_store, "UPDATE audit SET number = number - 1 WHERE number = :number", number=number)
    assert verified(any_store).broken_at == 3


def test_swapping_two_entries_is_found(any_store):
    write(any_store)
    for was, to in ((2, 99), (4, 2), (99, 4)):
        tamper(any_store, "UPDATE audit SET number = :to WHERE number = :was", was=was, to=to)
    assert verified(any_store).broken_at == 2


def test_cutting_off_the_end_is_found_by_the_head(any_store):
    write(any_store)
    tamper(any_store, "DELETE FROM audit WHERE number > 4")
    found = verified(any_store)
    assert (found.entries, found.broken_at) == (4, 5)
    tamper(any_store, "DELETE FROM audit_head")
    assert verified(any_store).broken_at == 5


def anchored(store, path):
    with store.look() as session:
        assert anchor.append(path, anchor.of_head(session, NOW))
    return anchor.read(path)


def test_an_anchor_finds_a_chain_that_was_cut_off_together_with_its_head(any_store, tmp_path):
    write(any_store)
    anchors = anchored(any_store, tmp_path / "anchors")
    assert verified(any_store, anchors).broken_at is None
    with any_store.look() as session:
        fourth = list(audit.export(session))[3]
    tamper(any_store, "DELETE FROM audit WHERE number > 4")
    tamper(any_store, "UPDATE audit_head SET number = 4, hash = :hash", hash=fourth["hash"])
    assert verified(any_store).broken_at is None
    found = verified(any_store, anchors)
    assert (found.entries, found.broken_at) == (4, 5)
    assert "anchors know newer ones" in found.why


def test_an_anchor_finds_a_chain_that_was_written_anew(any_store, tmp_path):
    write(any_store, 3)
    anchored(any_store, tmp_path / "anchors")
    tamper(any_store, "DELETE FROM audit")
    tamper(any_store, "UPDATE audit_head SET number = 0, hash = ''")
    for actor in ("a", "b", "c"):
        with any_store.begin() as session:
            audit.record(session, actor=actor, action="innocent", at=NOW)
    assert verified(any_store).broken_at is None
    assert verified(any_store, anchor.read(tmp_path / "anchors")).broken_at == 3
    assert verified(any_store, anchored(any_store, tmp_path / "anchors")).broken_at == 3


def test_an_entry_that_cannot_be_read_is_found_and_not_a_crash(store):
    write(store)
    tamper(store, "UPDATE audit SET detail = '{' WHERE number = 3")
    found = verified(store)
    assert found.broken_at is not None
    assert "cannot be read" in found.why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=st.text(), subject=st.text(), detail=st.dictionaries(st.text(), JSON, max_size=3))
def test_whatever_is_recorded_verifies_when_it_is_read_back(any_store, actor, subject, detail):
    with any_store.begin() as session:
        audit.record(session, actor=actor, action="x", subject=subject, detail=detail, at=NOW)
    assert verified(any_store).broken_at is None


def test_a_detail_that_is_no_json_is_refused(any_store):
    for wrong in ({"at": NOW}, {"ratio": float("nan")}):
        with pytest.raises((TypeError, ValueError)), any_store.begin() as session:
            audit.record(session, actor="x", action="x", detail=wrong, at=NOW)
    assert verified(any_store).entries == 0


def test_entries_are_found_by_subject_and_by_age(any_store):
    write(any_store, 3)
    with any_store.look() as session:
        assert [entry.number for entry in audit.about(session, "deployment:1")] == [2]
        assert [entry.number for entry in audit.newest(session, 2)] == [3, 2]
        assert [entry["number"] for entry in audit.export(session, after=2)] == [3]


def test_a_long_chain_is_exported_whole(any_store):
    write(any_store, 9)
    with any_store.look() as session:
        assert [entry["number"] for entry in audit.export(session, page=4)] == list(range(1, 10))


# the spool's way into the chain


def spooled(tmp_path, actions):
    spool = Spool(tmp_path / "audit.spool")
    spool.reserve()
    for action in actions:
        spool.add(actor="shipmate", action=action, subject="deployment:1", detail={"to": "v2.2"}, at=NOW)
    return spool


def actions(store):
    with store.look() as session:
        return [entry["action"] for entry in audit.export(session)]


def test_spooled_entries_are_chained_in_once_and_keep_their_time(any_store, tmp_path):
    write(any_store, 1)
    spool = spooled(tmp_path, "ab")
    assert spool.drain(any_store) == 2
    assert spool.drain(any_store) == 0
    assert actions(any_store)[1:] == ["a", "b"]
    with any_store.look() as session:
        last = list(audit.export(session))[-1]
    assert last["at"] == "2026-11-24T09:00:00.000000Z"
    assert last["detail"]["to"] == "v2.2"
    assert verified(any_store).broken_at is None


def test_a_crash_between_commit_and_forgetting_chains_nothing_in_twice(any_store, tmp_path):
    spool = spooled(tmp_path, "ab")
    with any_store.begin() as session:
        spool.chain_in(session)
    spool.add(actor="shipmate", action="c", at=NOW)
    assert spool.drain(any_store) == 3
    assert actions(any_store) == ["a", "b", "c"]
    assert spool.pending() == ()


def test_a_transaction_that_fails_leaves_the_spool_as_it_was(any_store, tmp_path):
    spool = spooled(tmp_path, "a")
    undone(any_store, spool.chain_in)
    assert actions(any_store) == []
    assert spool.drain(any_store) == 1
    assert actions(any_store) == ["a"]


def test_two_who_drain_at_once_chain_in_once(any_store, tmp_path):
    spool = spooled(tmp_path, "abcdef")
    start = Barrier(3)

    def drain(_):
        start.wait(30)
        spool.drain(any_store)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(drain, range(3)))
    assert actions(any_store) == list("abcdef")
    assert spool.pending() == ()
