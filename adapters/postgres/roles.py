"""The role that the application works as: it owns nothing and cannot step around row-level security."""

from typing import Any

import psycopg

from ports.unit_of_work import StorageUnavailable

APPLICATION_ROLE = "dunlin_app"


class UnsafeRole(Exception):
    """The database role in effect could see every firm's rows; the application does not start."""


def take_role(connection: psycopg.Connection[Any]) -> None:
    """Have everything on this connection run as the application's role, whoever logged in.

    Raises `UnsafeRole` when that role could step around row-level security, `StorageUnavailable` when there is no
    such role or the login is no member of it.
    """
    try:
        connection.execute("SELECT set_config('role', %s, false)", [APPLICATION_ROLE])
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege) as error:
        raise StorageUnavailable(
            f"The database has no role {APPLICATION_ROLE}, or the login of DATABASE_URL is no member of it. "
            f"Run `dunlin migrate`, then GRANT {APPLICATION_ROLE} TO the login."
        ) from error
    refuse_unsafe_role(connection)


def refuse_unsafe_role(connection: psycopg.Connection[Any]) -> None:
    """Raise `UnsafeRole` when the role in effect is a superuser, has BYPASSRLS or owns one of the tables."""
    row = connection.execute(_ROLE_IN_EFFECT).fetchone()
    if row is None or any(row[1:]):
        name = "unknown" if row is None else row[0]
        raise UnsafeRole(
            f"The database role {name} is a superuser, has BYPASSRLS or owns tables, so that row-level security would "
            f"not bind it. ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS, and let DATABASE_OWNER_URL's role own the tables."
        )


_ROLE_IN_EFFECT = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls,
       EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace)
FROM pg_roles r WHERE r.rolname = current_user
"""
