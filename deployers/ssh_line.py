"""A kept, hardened SSH connection to one host: opens only to the pinned key, notices when the other end is gone."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, repeat
from logging import CRITICAL, getLogger
from threading import BoundedSemaphore, Lock, RLock
from time import monotonic
from typing import Any, NoReturn

import fabric
import paramiko

from deployers.environment import Host, Place
from deployers.errors import DeployError, HostKeyRefused, Unreachable

KEX = ("curve25519-sha256@libssh.org", "mlkem768x25519-sha256")
"""The fastest first."""
BACKOFF = (0.1, 0.3, 0.7, 1.5, 3.0, 5.0)
"""Pauses between attempts while a server accepts nobody (MaxStartups), or no further session."""
SESSIONS = 8
"""At a time on one connection; sshd refuses an eleventh."""


_LOG = "deployers.ssh.wire"
getLogger(_LOG).setLevel(CRITICAL)  # every error is translated here and told once, by who asked


class Lost(Exception):
    """The connection broke, or nothing came over it for too long; what was begun goes on without it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    connect: float = 10
    silence: float = 20
    """Between two signs of life of a wrapper, which gives one every 3 s."""
    mend: float = 60
    """For a lost connection to come back."""
    slack: float = 60
    """Beyond the deadlines of the steps themselves."""
    keepalive: int = 2
    dead: float = 7.5
    """Until the kernel gives up on data that nobody confirms."""


@dataclass(frozen=True, slots=True)
class Access:
    """How one gets to the hosts of a place."""

    place: Place
    key_file: str
    patience: Patience = Patience()


class _OnlyPinned(paramiko.RejectPolicy):
    def __init__(self, host: Host, known_hosts: str) -> None:
        self._host = host
        self._known_hosts = known_hosts

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> NoReturn:
        raise HostKeyRefused(self._host.name, self._known_hosts, f"{key.get_name()} {key.fingerprint}")


class Line:
    """The connection to one host: opened when needed, kept, opened anew after a loss; safe between threads."""

    def __init__(
        self,
        host: Host,
        access: Access,
        *,
        pause: Callable[[float], object],
        connection: fabric.Connection | None = None,
    ) -> None:
        """Begin with a connection that somebody else has opened, or with none."""
        self.host = host
        self._access = access
        self._pause = pause
        self._lock = RLock()
        self._opening = Lock()
        self._sessions = BoundedSemaphore(SESSIONS)
        self._connection = connection
        self._in_use = 0

    def transport(self) -> paramiko.Transport:
        """Return the live transport.

        Raises:
            Unreachable, HostKeyRefused: there is none to be had.
        """
        with self._lock:
            transport: paramiko.Transport | None = self._connection.transport if self._connection else None
            if transport is not None and transport.is_active():
                return transport
            self.drop()
            self._connection = self._opened()
            opened: paramiko.Transport = self._connection.transport
            return opened

    def drop(self, broken: paramiko.Transport | None = None) -> None:
        """Close the connection, or only a given one that others may have replaced already."""
        with self._lock:
            connection = self._connection
            if connection is None or (broken and connection.transport is not broken):
                return
            self._connection = None
        with suppress(OSError, EOFError, paramiko.SSHException):
            connection.close()

    def leave(self) -> fabric.Connection | None:
        """Give up the connection to whoever goes on with it; None when it is lost, or somebody still uses it."""
        with self._lock:
            connection = self._connection
            if connection is None or self._in_use or not connection.transport.is_active():
                return None
            self._connection = None
            return connection

    def mend(self) -> None:
        """Wait until the host can be reached again.

        Raises:
            Unreachable, HostKeyRefused: it could not for too long.
        """
        until = monotonic() + self._access.patience.mend
        for delay in chain(BACKOFF, repeat(BACKOFF[-1])):
            try:
                self.transport()
            except Unreachable:
                if monotonic() > until:
                    raise
                self._pause(delay)
            else:
                return

    @contextmanager
    def session(self, command: str) -> Iterator[paramiko.Channel]:
        """Begin a command and yield its channel.

        Raises:
            Lost: the connection broke meanwhile.
            Unreachable, HostKeyRefused: there is no connection to be had.
        """
        with self._place_for_a_session():
            transport = self.transport()
            try:
                channel = self._session(transport)
                try:
                    channel.exec_command(command)
                    yield channel
                finally:
                    channel.close()
            except (OSError, EOFError, paramiko.SSHException) as error:
                if isinstance(error, TimeoutError) or not transport.is_active():
                    self.drop(transport)
                raise Lost(str(error) or type(error).__name__) from error

    @contextmanager
    def _place_for_a_session(self) -> Iterator[None]:
        if not self._sessions.acquire(timeout=self._access.patience.slack):
            raise Unreachable(self.host.name, f"{SESSIONS} commands are running there already")
        with self._lock:
            self._in_use += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_use -= 1
            self._sessions.release()

    def _session(self, transport: paramiko.Transport) -> paramiko.Channel:
        for delay in (*BACKOFF, None):
            try:
                channel = self._opened_channel(transport, "session", None, self._access.patience.connect)
            except paramiko.ChannelException as error:
                if delay is None:
                    raise Unreachable(self.host.name, f"its SSH server allows no session: {error}") from error
                self._pause(delay)
            else:
                channel.settimeout(self._access.patience.silence)
                return channel
        raise AssertionError  # pragma: no cover

    def tunnel(self, to: tuple[str, int], within: float) -> paramiko.Channel:
        """Open a channel to an address as the host sees it; raises what paramiko raises."""
        return self._opened_channel(self.transport(), "direct-tcpip", to, within)

    def _opened_channel(
        self, transport: paramiko.Transport, kind: str, to: tuple[str, int] | None, within: float
    ) -> paramiko.Channel:
        """Open one channel at a time: paramiko keeps a single place for why one was refused."""
        with self._opening:
            return transport.open_channel(kind, to, ("127.0.0.1", 0) if to else None, timeout=within)

    def _opened(self) -> fabric.Connection:
        for delay in (*BACKOFF, None):
            try:
                return self._open()
            except _TurnedAway as error:
                if delay is None:
                    raise Unreachable(self.host.name, f"its SSH server turns us away: {error}") from error
                self._pause(delay)
        raise AssertionError  # pragma: no cover

    def _open(self) -> fabric.Connection:
        host, patience = self.host, self._access.patience
        wire = self._wire()
        connection = fabric.Connection(
            host.address,
            user=self._access.place.user,
            port=host.ssh_port,
            config=fabric.Config(lazy=True, overrides={"load_ssh_configs": False}),
            forward_agent=False,
            connect_timeout=patience.connect,
            connect_kwargs={
                "sock": wire,
                "key_filename": self._access.key_file,
                "allow_agent": False,
                "look_for_keys": False,
                "banner_timeout": patience.connect,
                "auth_timeout": patience.connect,
                "channel_timeout": patience.connect,
                "transport_factory": _transport,
            },
        )
        try:
            self._pin(connection.client)
            connection.open()
            connection.transport.set_keepalive(patience.keepalive)
        except BaseException as error:
            connection.close()
            wire.close()
            raise self._translated(error) from error
        return connection

    def _wire(self) -> socket.socket:
        host, patience = self.host, self._access.patience
        try:
            wire = socket.create_connection((host.address, host.ssh_port), timeout=patience.connect)
        except OSError as error:
            where = f"{host.address}:{host.ssh_port}"
            raise Unreachable(host.name, f"{error.strerror or error or 'no answer'} ({where})") from error
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience.dead * 1000))
        return wire

    def _pin(self, client: paramiko.SSHClient) -> None:
        known_hosts = self._access.place.known_hosts
        client.set_missing_host_key_policy(_OnlyPinned(self.host, known_hosts))
        try:
            client.load_system_host_keys(known_hosts)
        except OSError as error:
            raise Unreachable(
                self.host.name, f"the file of pinned host keys `{known_hosts}` cannot be read: {error.strerror}"
            ) from error

    def _translated(self, error: BaseException) -> BaseException:
        host, place = self.host, self._access.place
        match error:
            case DeployError():
                return error
            case paramiko.BadHostKeyException():
                return HostKeyRefused(host.name, place.known_hosts, f"{error.key.get_name()} {error.key.fingerprint}")
            case paramiko.AuthenticationException():
                return Unreachable(host.name, f"it does not let {place.user} in with the key {self._access.key_file}")
            case paramiko.PasswordRequiredException() | FileNotFoundError() | PermissionError():
                return Unreachable(host.name, f"the private key {self._access.key_file} cannot be read: {error}")
            case OSError() | EOFError() | paramiko.SSHException():
                return _TurnedAway(str(error) or type(error).__name__)
            case _:
                return error


class _TurnedAway(Exception):
    """The server hung up before it let anyone in, as sshd does beyond MaxStartups."""


def _transport(wire: Any, **options: Any) -> paramiko.Transport:
    transport = paramiko.Transport(wire, **options)
    transport.set_log_channel(_LOG)
    security = transport.get_security_options()
    security.kex = tuple(sorted(security.kex, key=lambda name: KEX.index(name) if name in KEX else len(KEX)))
    return transport
