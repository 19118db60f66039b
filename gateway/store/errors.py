"""asyncpg's errors as errors of our own tree, with field and remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from gateway.domain.errors import ConflictError, InvalidError, StoreError

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,
)

# What a constraint that a form or an API call can violate means to the caller: field and remedy.
_CONSTRAINTS: dict[str, tuple[str, str]] = {
    "window_ends_after_it_starts": ("estimated_duration", "must be longer than nothing"),
    "window_lasts_days_not_months": ("estimated_duration", "must be given in days or less, ten years at most"),
    "window_is_of_our_times": ("starts_at", "must lie between 1970 and 9000"),
    "window_reminds_before_it_starts": ("reminders", "must each lie between nothing and a year"),
    "window_reopens_in_time": ("reopen_over", "must lie between nothing and one day"),
    "window_ended_after_it_started": ("ended_at", "lies before the start: cancel a window that has not started"),
    "series_has_a_rule": ("rule", "must have 1 to 500 characters"),
    "windows_series_id_fkey": ("series", "has windows: end it instead"),
    "components_slug_key": ("slug", "is taken by another component"),
    "templates_slug_key": ("slug", "is taken by another template"),
    "templates_fields_check": ("description", "is too long for a template"),
    "component_groups_name_key": ("group", "exists already"),
    "operators_by_email": ("email", "is taken by another operator"),
    "bypass_link_expires_in_time": ("expires_in", "must lie between nothing and 30 days"),
    "token_expires_after_it_was_made": ("expires_in", "must be longer than nothing"),
    "tokens_name_key": ("name", "is taken by another token, perhaps a revoked one: choose another name"),
}


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn asyncpg's errors into ours.

    Raises:
        StoreError: the database is away, refuses, or has another schema than this gateway expects.
        InvalidError, ConflictError: a constraint of the database does not allow the values.
    """
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        field, remedy = _CONSTRAINTS.get(error.constraint_name or "", ("", ""))
        if not field:
            raise InvalidError({error.column_name or error.constraint_name or "value": str(error)}) from error
        if isinstance(error, asyncpg.UniqueViolationError):
            raise ConflictError(f"{field} {remedy}") from error
        raise InvalidError({field: remedy}) from error
    except asyncpg.DataError as error:
        raise InvalidError({"value": str(error)}) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
        raise StoreError(
            f"the database has another schema than this gateway ({error}); run: gateway migrate"
        ) from error
    except _GONE as error:
        raise StoreError(f"the database can't be reached: {_reason(error)}") from error
    except asyncpg.PostgresError as error:
        raise StoreError(f"the database refused: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
