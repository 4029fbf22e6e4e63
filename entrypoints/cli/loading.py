"""How every command gets its settings."""

import os
from pathlib import Path

from entrypoints.settings import Settings


def load_settings() -> Settings:
    """Settings from the environment and, for what it leaves open, from `.env` in the current folder."""
    if Path(".env").is_file():
        from dotenv import load_dotenv

        load_dotenv(Path(".env"), override=False)
    return Settings.from_env(os.environ)
