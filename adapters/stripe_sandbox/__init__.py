"""A stateful local stand-in for Stripe that speaks its HTTP API, for development, demonstrations and tests."""

from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.server import RunningSandbox, running_sandbox, serve
from adapters.stripe_sandbox.store import Store
from adapters.stripe_sandbox.web import create_app

__all__ = ["RunningSandbox", "Sandbox", "Store", "create_app", "running_sandbox", "serve"]
