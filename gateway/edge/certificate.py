"""The certificate for https at the front, loaded again when its files change."""

import asyncio
import os
import ssl
from pathlib import Path

from gateway.domain.errors import InvalidError
from gateway.domain.observation import CertificateFailed, CertificateLoaded, Observer

_LOOK_EVERY = 1.0


class Certificate:
    """A certificate with its key, as the context that new connections are made with."""

    def __init__(self, certificate: str, key: str, observe: Observer) -> None:
        """Load the files.

        Raises:
            InvalidError: a file can't be read, or the two don't belong together.
        """
        self._certificate = certificate
        self._key = key
        self._observe = observe
        self._stamp = self._look()
        self._current = tls_context(certificate, key)
        self.context = tls_context(certificate, key)
        """What listeners use: each handshake is handed on to the context of the files as they are now.

        A context is made anew for each load: one that is loaded again keeps a former certificate of another key type.
        """
        self.context.sni_callback = self._hand_on

    async def keep_fresh(self) -> None:
        """Load the files again when they have changed. Runs for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.reload_if_changed()

    def reload_if_changed(self) -> None:
        """Load the files again if they have changed; while they can't be used, the former certificate stays."""
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._current = tls_context(self._certificate, self._key)
        except InvalidError as error:
            reason = "; ".join(error.fields.values())
            self._observe(CertificateFailed(certificate=self._certificate, reason=reason))
        else:
            self._observe(CertificateLoaded(certificate=self._certificate))

    def _hand_on(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str, context: ssl.SSLContext) -> None:  # noqa: ARG002
        connection.context = self._current

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def _stamp(path: str) -> tuple[int, int, int] | None:
    """Return what changes when a file does, behind links too; None where there is no file at present."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return a context for https.

    Raises:
        InvalidError: a file can't be read, or the two don't belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for setting, path in (("server.tls_certificate", certificate), ("server.tls_key", key)):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise InvalidError({setting: f"{path}: {error.strerror}"}) from error
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        reason = "it is not the key of server.tls_certificate, or one of the two is no PEM file"
        raise InvalidError({"server.tls_key": f"{key}: {reason} ({error.reason or error})"}) from error
    return context
