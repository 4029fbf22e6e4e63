"""Addresses of databases in the forms that our libraries want."""

from sqlalchemy.engine import URL, make_url

DRIVER = "postgresql+psycopg"


def engine_url(url: str) -> URL:
    """`postgres://…` or `postgresql://…` as an address for SQLAlchemy with psycopg 3."""
    return make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername=DRIVER)


def connection_text(url: str) -> str:
    """The same for psycopg itself, which passes it on to libpq."""
    return url.replace(f"{DRIVER}://", "postgresql://", 1)
