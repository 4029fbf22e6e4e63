"""Notices in the customer's language, as text and as HTML."""
