"""Which version of the schema this code works with."""

HEAD = "0003"
"""The newest migration."""
