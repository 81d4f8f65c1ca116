"""The way in to what the bot remembers: one database, transactions that write, and looks that cannot."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, SQLModel

from storage import postgres, revisions, sqlite
from storage.faults import translated
from storage.turns import Turns

__all__ = ["RowKind", "Rows", "Session", "Store"]

RowKind = type[SQLModel]

_WROTE = "wrote"
"""Under which a session remembers of which kinds the rows are that it has written."""


class Rows(Protocol):
    """The way in to the rows: a `Store`, or what stands before one."""

    def begin(self) -> AbstractContextManager[Session]:
        """Open a write transaction."""
        ...

    def look(self) -> AbstractContextManager[Session]:
        """Open a session that cannot write."""
        ...


class _Writing(Session):
    """A session that remembers what kinds of rows it has written."""


@event.listens_for(_Writing, "after_flush")
def _flushed(session: Session, _: object) -> None:
    session.info.setdefault(_WROTE, set()).update(map(type, (*session.new, *session.dirty, *session.deleted)))


@event.listens_for(_Writing, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    if not state.is_select and state.bind_mapper:
        state.session.info.setdefault(_WROTE, set()).add(state.bind_mapper.class_)


class Store:
    """One database; sessions may be used from several threads, each session by one thread."""

    def __init__(self, url: str) -> None:
        """Remember where the database is; nothing is opened before the first use."""
        parsed = make_url(url)
        if parsed.drivername in {"postgres", "postgresql"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed.render_as_string(hide_password=False)
        self.engine: Engine = (sqlite if parsed.get_backend_name() == "sqlite" else postgres).engine(parsed)
        self._shown = parsed.render_as_string(hide_password=True)
        self._turns = Turns() if parsed.get_backend_name() == "sqlite" else None
        self._listeners: list[tuple[Callable[[], None], frozenset[RowKind]]] = []
        self._looking = self.engine.execution_options(**_looking(self.engine))

    @contextmanager
    def begin(self, *, urgent: bool = False) -> Iterator[Session]:
        """Open a write transaction: committed at the end, rolled back when anything is raised.

        SQLite has one writer at a time from the first moment, of this process an urgent one first; PostgreSQL locks
        rows as they are asked for.
        """
        with (
            self._turn(urgent=urgent),
            translated(self._shown, revisions.newest()),
            _Writing(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()
            yield session
        self._tell(session.info.get(_WROTE, frozenset()))

    @property
    def shared(self) -> bool:
        """Say whether other processes write to it all the time, which nobody here hears of."""
        return self._turns is None

    def listen(self, listener: Callable[[], None], *kinds: RowKind) -> None:
        """Have it called, by whoever wrote, after each transaction that has written rows of these kinds."""
        self._listeners.append((listener, frozenset(kinds)))

    def stir(self) -> None:
        """Call everybody who listens: another process has written, and we cannot say what."""
        for listener, _ in self._listeners:
            listener()

    def _tell(self, wrote: Collection[RowKind]) -> None:
        for listener, kinds in self._listeners:
            if not kinds.isdisjoint(wrote):
                listener()

    def _turn(self, *, urgent: bool) -> AbstractContextManager[object]:
        # Whose turn does not come in time goes on all the same: SQLite then says that it is locked, and for how long.
        return self._turns.turn(urgent=urgent, within=sqlite.BUSY_MS / 1000) if self._turns else nullcontext()

    @contextmanager
    def look(self) -> Iterator[Session]:
        """Open a session that sees one moment of the database and cannot write."""
        with (
            translated(self._shown, revisions.newest()),
            Session(self._looking, expire_on_commit=False) as session,
        ):
            yield session

    def migrate(self) -> None:
        """Bring the tables up to this version; safe to call twice, and from two processes at once."""
        with translated(self._shown, revisions.newest()), self.engine.begin() as connection:
            revisions.upgrade(connection)

    def revision(self) -> str | None:
        """Return the revision that the database is at, or None when it has no tables of ours."""
        with translated(self._shown, revisions.newest()), self._looking.connect() as connection:
            return revisions.of(connection)

    def check_revision(self) -> None:
        """Refuse a database that this version cannot work with.

        Raises:
            NotMigrated: it is older, or empty.
            NewerDatabase: a newer version has changed it.
        """
        revisions.demand_newest(self.revision())

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _looking(engine: Engine) -> dict[str, object]:
    if engine.dialect.name == "sqlite":
        return {sqlite.READING: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
