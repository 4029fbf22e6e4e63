"""Which version of the schema this code works with."""

HEAD = "0001"
"""The newest migration."""
