"""Which version of the schema this code works with."""

HEAD = "0006"
"""The newest migration."""
