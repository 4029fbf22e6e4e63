"""What an installation needs before its first process starts: a database, its schema, a first firm."""

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import upgrade
from entrypoints.bootstrap import first_run
from entrypoints.home import DATABASE_NAME
from entrypoints.settings import Settings


def prepare(settings: Settings) -> list[str]:
    """Make what is missing; the lines to show to the person who started it, empty but for the first time."""
    home = settings.home
    if settings.is_database_embedded:
        EmbeddedPostgres(home.postgres_data_dir, socket_dir=home.postgres_socket_dir).ensure_database(DATABASE_NAME)
    upgrade(settings.database_owner_url)
    return first_run(settings)
