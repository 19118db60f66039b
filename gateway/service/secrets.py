"""Secrets: passwords as argon2id hashes, and random tokens of which only a hash is kept."""

import asyncio
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
# Verified where there is no such operator, so that the answer takes as long as for a wrong password.
_DECOY = _hasher.hash(secrets.token_urlsafe())


def new_secret() -> str:
    """Return 256 random bits, safe in URLs and headers."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a random secret: SHA-256, enough for 256 bits of chance."""
    return hashlib.sha256(_bytes(secret)).digest()


async def hash_password(password: str) -> str:
    """Hash a password; in a thread, for it takes long on purpose."""
    return await asyncio.to_thread(_hasher.hash, _bytes(password))


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is right; with no hash it takes as long and is wrong."""

    def verify() -> bool:
        try:
            return _hasher.verify(password_hash or _DECOY, _bytes(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    return await asyncio.to_thread(verify)


def _bytes(text: str) -> bytes:
    """Encode any text: header bytes that are no UTF-8 arrive as lone surrogates, and are wrong, not an error."""
    return text.encode("utf-8", "surrogatepass")
