"""Which passwords may be chosen, and what is said of the others."""

import pytest

from gateway.domain.errors import InvalidError
from gateway.service.passwords import checked_password

EMAIL, PRODUCT = "ada.lovelace@acme.example", "Acme Shop"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "twelve chars",
        "äöüäöü ÄÖÜÄÖÜ",
        "  spaces count  ",
        "x" * 11 + "\udcff",
        "lovely ada laces",
        "shop for acme products",
        "long " * 200,
    ],
)
def test_a_few_words_are_good(password: str) -> None:
    """Whatever characters they have."""
    assert checked_password(password, email=EMAIL, product=PRODUCT) == password


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "must have 12 to 1024"),
        ("x" * 11, "must have 12 to 1024"),
        ("x" * 1025, "must have 12 to 1024"),
        ("1234567890123", "list of stolen passwords"),
        ("passwordpassword", "list of stolen passwords"),
        ("PasswordPassword", "list of stolen passwords"),
        ("qwertyuiopasdfgh", "list of stolen passwords"),
        ("ada.lovelace is me", "the name in the e-mail address"),
        ("I am Ada Lovelace!", "the name in the e-mail address"),
        ("my acme-shop password", "the product's name"),
        ("ACMESHOP2026 rocks", "the product's name"),
    ],
)
def test_what_attackers_try_first_is_refused(password: str, said: str) -> None:
    """The message names the field and the remedy, and not the password."""
    with pytest.raises(InvalidError, match=said) as error:
        checked_password(password, email=EMAIL, product=PRODUCT)
    assert list(error.value.fields) == ["password"]
    assert not password or password not in str(error.value)


def test_short_names_are_in_too_many_words() -> None:
    """Ana may choose what has "banana" in it; a product that is called X is in "taxi"."""
    assert checked_password("a banana in a taxi", email="ana@acme.example", product="X")
    with pytest.raises(InvalidError, match="e-mail"):
        checked_password("a joanna in a taxi", email="anna@acme.example", product="X")
