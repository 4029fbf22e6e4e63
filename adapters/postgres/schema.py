"""Which version of the schema this code works with."""

HEAD = "0005"
"""The newest migration."""
