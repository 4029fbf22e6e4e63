"""The stripe package, set up: one client object for each configuration."""

import logging

import stripe

from adapters.stripe_api.http_client import DeadlineHttpClient, TimeLimits

STRIPE_VERSION = "2026-10-28.endive"
"""The API version that our requests name and our answers have: the one that the package 16.1.0 was made for."""


def stripe_client(
    secret_key: str, api_base: str | None = None, *, limits: TimeLimits | None = None
) -> stripe.StripeClient:
    """A client for `secret_key`, at Stripe or at `api_base` (the sandbox, a proxy). Connects to nothing yet.

    Safe to share between threads and over a fork. It never repeats a request by itself: what a lost answer means is
    for the caller to settle.
    """
    # The package offers these two for the whole process alone. Telemetry would write an id to the home directory and
    # send it; the log of requests holds personal data from level INFO on.
    stripe.enable_telemetry = False
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return stripe.StripeClient(
        secret_key,
        stripe_version=STRIPE_VERSION,
        base_addresses={"api": api_base.rstrip("/")} if api_base else None,
        max_network_retries=0,
        http_client=DeadlineHttpClient(limits or TimeLimits()),
    )
