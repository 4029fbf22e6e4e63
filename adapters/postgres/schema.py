"""Which version of the schema this code works with."""

HEAD = "0002"
"""The newest migration."""
