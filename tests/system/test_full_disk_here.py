"""Shipmate's own disk is full: that is said in a sentence, what was written stays, and the spool still takes acts."""

from datetime import UTC, datetime

import pytest

from storage import audit
from storage.errors import StoreUnavailable
from storage.spool import Spool
from storage.store import Store
from tests.system.outages import FullDisk, small_disk

pytestmark = pytest.mark.system
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def enters(store: Store, action: str, size: int = 0) -> None:
    with store.begin() as session:
        audit.record(session, actor="ana", action=action, detail={"why": "x" * size}, at=AT)


def actions(store: Store) -> list[str]:
    with store.look() as session:
        assert audit.verify(session).broken_at is None
        return [entry.action for entry in audit.newest(session)]


def test_a_full_disk_is_named_nothing_is_half_written_and_the_spool_has_its_room(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=8) as folder:
        base = FullDisk(folder)
        store, spool = Store(base.url), Spool(folder / "spool")
        store.migrate()
        spool.reserve()
        enters(store, "before")
        base.goes_away()
        with pytest.raises(StoreUnavailable, match=r"its disk is full\. Nothing was changed; free some space"):
            enters(store, "lost", size=2_000_000)
        assert actions(store) == ["before"]
        spool.add(actor="shipmate", action="went.back", at=AT)
        base.comes_back()
        with store.begin() as session:
            chained = spool.chain_in(session)
        spool.forget(chained)
        assert (actions(store), spool.pending()) == (["went.back", "before"], ())
        store.close()
