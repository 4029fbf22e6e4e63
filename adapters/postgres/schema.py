"""Which version of the schema this code works with."""

HEAD = "0009"
"""The newest migration."""
