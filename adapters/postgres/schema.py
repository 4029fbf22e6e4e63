"""Which version of the schema this code works with."""

HEAD = "0008"
"""The newest migration."""
