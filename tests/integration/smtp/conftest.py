"""Fixtures of the SMTP tests."""

from pathlib import Path

import pytest

from tests.smtp_server import certificate_authority


@pytest.fixture
def authority_file(tmp_path: Path) -> str:
    """The tests' certificate authority as a file."""
    path = tmp_path / "authority.pem"
    certificate_authority().cert_pem.write_to_path(str(path))
    return str(path)
