"""A stateful local stand-in for Stripe that speaks its HTTP API, for development, demonstrations and tests.

Point the official client at it: stripe.StripeClient("sk_test_anything", base_addresses={"api": "http://127.0.0.1:8420"}).
It answers in the newest shape (API 2026-10-28.endive) whatever Stripe-Version is asked for, keeps its state in one
SQLite file, and delivers signed webhooks. What it cannot play it refuses with a message that says so.
"""

from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.server import RunningSandbox, running_sandbox, serve
from adapters.stripe_sandbox.store import Store
from adapters.stripe_sandbox.web import create_app

__all__ = ["RunningSandbox", "Sandbox", "Store", "create_app", "running_sandbox", "serve"]
