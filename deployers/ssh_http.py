"""HTTP that begins on a host itself: each connection is a `direct-tcpip` channel to the host's loopback."""

import ssl
import typing
from collections.abc import Callable, Iterable
from functools import cache

import httpcore
import httpx
import paramiko

from deployers.environment import Host
from deployers.errors import Unreachable

TIMEOUT = 10.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_FORBIDDEN = 1
"""SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, RFC 4254."""

Opening = Callable[[tuple[str, int], float], paramiko.Channel]
"""Opens a channel to an address on the host, within so many seconds."""


def client(host: Host, tunnel: Opening) -> httpx.Client:
    """Return a client whose connections go to the host's own loopback, and nowhere else.

    A forbidden or lost tunnel is Unreachable; a port where nobody listens is httpx.ConnectError.
    """
    return httpx.Client(transport=_Tunnel(_Backend(host, tunnel)), timeout=TIMEOUT, trust_env=False)


class _Tunnel(httpx.HTTPTransport):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_no_tls(), trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(ssl_context=_no_tls(), network_backend=backend, max_connections=4)


@cache
def _no_tls() -> ssl.SSLContext:
    """Return a context that is never used, since a tunnel takes no TLS; made once, because the usual one is dear."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, host: Host, tunnel: Opening) -> None:
        self._host = host
        self._tunnel = tunnel

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if not (host in _LOOPBACK or host.startswith("127.")):
            raise httpcore.ConnectError(f"{host} is not the loopback of {self._host.name}")
        try:
            channel = self._tunnel((host, port), timeout or TIMEOUT)
        except paramiko.ChannelException as error:
            if error.code == _FORBIDDEN:
                raise Unreachable(
                    self._host.name,
                    "its SSH server forbids forwarding; set `AllowTcpForwarding local` in its sshd_config",
                ) from error
            raise httpcore.ConnectError(f"nobody listens on {host}:{port} of {self._host.name}") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Unreachable(self._host.name, f"no tunnel to {host}:{port}: {error}") from error
        return _Stream(channel)


class _Stream(httpcore.NetworkStream):
    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._channel.settimeout(timeout or TIMEOUT)
        try:
            return self._channel.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("no answer in time") from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._channel.settimeout(timeout or TIMEOUT)
        try:
            self._channel.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout("it takes nothing") from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._channel.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("a target is asked over http; the tunnel to it is encrypted already")

    def get_extra_info(self, info: str) -> typing.Any:
        return self._channel.closed if info == "is_readable" else None
