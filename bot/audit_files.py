"""What is written of the audit beside the database: acts that could not be chained yet, and the chain's heads."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.change import ME
from deployers.ports import Clock
from storage import anchor
from storage.errors import StorageError
from storage.spool import Spool
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """The spool and the anchors, in a folder beside the configuration."""

    store: Store
    folder: Path
    clock: Clock

    @property
    def anchors(self) -> Path:
        """Return the file that holds the audit chain's anchors."""
        return self.folder / "audit.anchor"

    @property
    def spool(self) -> Spool:
        """Return the file that takes audit entries while the database is away."""
        return Spool(self.folder / "audit.spool")

    def anchor(self) -> None:
        """Write the audit chain's head down outside the database."""
        with self.store.look() as session:
            head = anchor.of_head(session, self.clock())
        if head:
            anchor.append(self.anchors, head)

    def chain_in(self) -> None:
        """Chain what was spooled into the audit, or leave it for later."""
        try:
            self.spool.drain(self.store)
        except StorageError as error:
            log.warning("what was spooled has to wait", extra={"why": str(error)})

    def spooled(self, action: str, number: int, detail: dict[str, Any], entry_id: str = "") -> None:
        """Write an act down where no database is needed; it is chained into the audit when that is back."""
        subject = f"deployment:{number}"
        try:
            self.spool.add(actor=ME, action=action, subject=subject, detail=detail, at=self.clock(), entry_id=entry_id)
        except StorageError:
            log.exception("an act could not be spooled", extra={"deployment": number, "act": action})
