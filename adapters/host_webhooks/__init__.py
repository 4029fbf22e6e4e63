"""Webhooks to the host application, after Standard Webhooks."""
