"""Operators and one-time sign-in links, as rows. Secrets arrive here as hashes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.domain.access import Role
from gateway.domain.errors import NotFoundError
from gateway.store.pool import Session, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person who may sign in. `password_hash` is None until a password was chosen.

    `last_seen_at` is the last sign-in. It, `created_at` and `row_version` are there where operators are looked at, not
    where one signs in.
    """

    id: UUID
    email: str
    role: Role
    password_hash: str | None
    disabled: bool
    last_seen_at: datetime | None = None
    created_at: datetime | None = None
    row_version: int = 1
    has_second_factor: bool = False

    @classmethod
    def from_row(cls, row: Any) -> "Operator":
        """Read a row of any of the operator queries."""
        return cls(
            id=row["id"],
            email=row["email"],
            role=Role(row["role"]),
            password_hash=row["password_hash"],
            disabled=row["disabled_at"] is not None,
            last_seen_at=row.get("last_seen_at"),
            created_at=row.get("created_at"),
            row_version=row.get("row_version", 1),
            has_second_factor=row.get("has_second_factor", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A sign-in link that is still good: for an operator, or (both None) for the first administrator."""

    operator_id: UUID | None
    email: str | None


async def operator_by_email(session: Session, email: str) -> Operator | None:
    """Find an operator by e-mail address, whatever its case."""
    row = await session.run("operator_by_email", email=email)
    return Operator.from_row(row) if row else None


async def get_operator(session: Session, who: UUID | str) -> Operator:
    """Return one operator, by id or e-mail address, and hold the row until the transaction ends.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.run("operator", email_or_id=storable(str(who)))
    if row is None:
        raise NotFoundError(f"there is no operator {who}; `gateway user list` shows them")
    return Operator.from_row(row)


async def hold_administrators(session: Session) -> set[UUID]:
    """Return the administrators who are not disabled, and hold their rows: first of all, so that none deadlock."""
    return {row["id"] for row in await session.rows("hold_administrators")}


async def list_operators(session: Session, *, after: str | None = None, most: int | None = None) -> list[Operator]:
    """Return operators by e-mail address, disabled ones too: those `after` one, at most `most`."""
    return [Operator.from_row(row) for row in await session.rows("operators", after_email=after, most=most)]


async def count_operators(session: Session) -> int:
    """Count all operators, disabled ones too."""
    count: int = await session.run("count_operators")
    return count


async def insert_operator(session: Session, *, email: str, role: Role, password_hash: str | None) -> UUID:
    """Add an operator."""
    operator_id: UUID = await session.run("insert_operator", email=email, role=role, password_hash=password_hash)
    return operator_id


async def find_link(session: Session, token_hash: bytes) -> Link | None:
    """Find a sign-in link that is still good."""
    row = await session.run("link", token_hash=token_hash)
    return Link(operator_id=row["operator_id"], email=row["email"]) if row else None


async def take_link(session: Session, token_hash: bytes) -> bool:
    """Use a link up; False where somebody else was faster."""
    return await session.run("delete_link", token_hash=token_hash) is not None
