"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes: made and compared, nothing kept."""

import secrets
from base64 import b32encode, b64encode
from hmac import compare_digest

import segno
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

RECOVERY_CODES = 10
KEY_BYTES = 32
_SECRET_BYTES = 20  # RFC 4226, section 4, R6
_RECOVERY_BYTES = 10
_GROUP = 4
_DIGITS = 6
_STEP = 30
_DRIFT = 1
"""So many steps may the clock of a phone be off, each way (RFC 6238, section 5.2)."""


def new_totp_secret() -> bytes:
    """Make the secret of an authenticator."""
    return secrets.token_bytes(_SECRET_BYTES)


def encrypted(secret: bytes, key: bytes) -> bytes:
    """Return a secret as it is stored."""
    return _cipher(key).encrypt(secret)


def decrypted(stored: bytes, key: bytes) -> bytes | None:
    """Return a stored secret in plain; None where it was encrypted with another key."""
    try:
        return _cipher(key).decrypt(stored)
    except InvalidToken:
        return None


def secret_text(secret: bytes) -> str:
    """Return a secret as one types it into an app: in groups."""
    return _grouped(b32encode(secret).decode(), " ")


def qr_code(secret: bytes, *, email: str, product: str) -> str:
    """Return what an app scans, as the address of an image (`data:`); black on white in dark mode, too."""
    address = _totp(secret).get_provisioning_uri(email, product)
    uri: str = segno.make(address, micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return uri


def step_of(code: str, secret: bytes, timestamp: float) -> int | None:
    """Return the time step whose code this is, one off the timestamp's at most; None where it is of none."""
    now = int(timestamp) // _STEP
    typed = code.encode("utf-8", "surrogatepass")
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if compare_digest(_totp(secret).generate(step * _STEP), typed):
            return step
    return None


def new_recovery_codes() -> tuple[str, ...]:
    """Make recovery codes, as they are shown: 80 random bits each, so that a plain hash is enough to keep."""
    return tuple(
        _grouped(b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower(), "-") for _ in range(RECOVERY_CODES)
    )


def plain(code: str) -> str:
    """Return a code as it is compared: however it was grouped, whatever its case."""
    return "".join(code.split()).replace("-", "").lower()


def is_of_app(code: str) -> bool:
    """Tell whether a plain code looks like one of an app, and not like a recovery code."""
    return len(code) == _DIGITS


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what every app knows, and nothing is wrong with it in an HMAC.
    return TOTP(secret, _DIGITS, SHA1(), _STEP)  # noqa: S303


def _cipher(key: bytes) -> Fernet:
    return Fernet(b64encode(key, b"-_"))


def _grouped(text: str, between: str) -> str:
    return between.join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
