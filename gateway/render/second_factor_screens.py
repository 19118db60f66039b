"""The contexts of the panel's screens of the second factor."""

from dataclasses import dataclass

from gateway.render.panel import Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorScreen:
    """`admin/second_factor.html`: the code is asked for, after the right password."""

    email: str
    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthenticator:
    """What an app is set up with: an image to scan (its address), and the secret to type where there is no camera."""

    qr_code: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorSetupScreen:
    """`admin/second_factor_setup.html`. `new` is being set up; `codes` are shown once; `at` is where `form` came from.

    `is_required`: the settings ask it of this operator.
    """

    is_on: bool
    is_required: bool
    codes_left: int
    form: Typed
    at: str = ""
    new: NewAuthenticator | None = None
    codes: tuple[str, ...] = ()

    def form_at(self, place: str) -> Typed:
        """Return what was typed into the form at a place; an empty form where another one came back."""
        return self.form if place == self.at else Typed()
