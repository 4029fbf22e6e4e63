"""Who sits at the command line, for the audit log."""

import getpass

from domain.model.audit import Actor


def operator() -> Actor:
    """The login name, or `unknown` where there is none (a container without a user entry)."""
    try:
        return Actor("operator", getpass.getuser())
    except (KeyError, OSError):
        return Actor("operator", "unknown")
