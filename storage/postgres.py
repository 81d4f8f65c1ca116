"""PostgreSQL through psycopg, with a deadline on everything that could wait for ever."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

SECOND = 1000
_SETTINGS = {
    "lock_timeout": 30 * SECOND,
    "statement_timeout": 60 * SECOND,
    "idle_in_transaction_session_timeout": 60 * SECOND,
    "timezone": "UTC",
}


def engine(url: URL) -> Engine:
    """Return an engine that notices a dead server within seconds and a stale connection before it is used."""
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        connect_args={
            "application_name": "shipmate",
            "connect_timeout": 5,
            "keepalives_idle": 4,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10 * SECOND,
            "options": " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
        },
    )
