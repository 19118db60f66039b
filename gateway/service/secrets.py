"""Secrets: passwords as argon2id hashes, and random tokens of which only a hash is kept."""

import asyncio
import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from gateway.domain.errors import BusyError

T = TypeVar("T")

_hasher = PasswordHasher()
_MOST_WAITING = 8
_NICE = 10


def _stand_back() -> None:
    # On Linux it is the thread that gets nicer, and those that argon2 starts: customers' requests come first.
    with suppress(OSError):  # a sandbox that does not allow it: then it competes
        os.nice(_NICE)


class _Hashing:
    """One hashing at a time, in a thread that stands back, and a short queue: no flood of them takes the machine."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hashing", initializer=_stand_back)
        self._under_way = 0

    async def __call__(self, work: Callable[[], T]) -> T:
        if self._under_way > _MOST_WAITING:
            raise BusyError("too many people are signing in at once; try again in a moment")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._under_way -= 1


_hashing = _Hashing()


def _decoy() -> str:
    """Make a hash that nothing fits and that costs as much to verify as a real one, without computing one."""
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


# Verified where there is no such operator, so that the answer takes as long as for a wrong password.
_DECOY = _decoy()


def new_secret() -> str:
    """Return 256 random bits, safe in URLs and headers."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a random secret: SHA-256, enough for 256 bits of chance."""
    return hashlib.sha256(_bytes(secret)).digest()


async def hash_password(password: str) -> str:
    """Hash a password; in a thread, for it takes long on purpose.

    Raises:
        BusyError: too many wait for that already.
    """
    return await _hashing(lambda: _hasher.hash(_bytes(password)))


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is right; with no hash it takes as long and is wrong.

    Raises:
        BusyError: too many wait for that already.
    """

    def verify() -> bool:
        try:
            return _hasher.verify(password_hash or _DECOY, _bytes(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    return await _hashing(verify)


def _bytes(text: str) -> bytes:
    """Encode any text: header bytes that are no UTF-8 arrive as lone surrogates, and are wrong, not an error."""
    return text.encode("utf-8", "surrogatepass")
