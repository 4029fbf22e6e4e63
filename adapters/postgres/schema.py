"""Which version of the schema this code works with."""

HEAD = "0004"
"""The newest migration."""
