"""Keeps our requests to a gateway below its rate limits, over all processes together."""

from typing import Protocol


class TurnNotGranted(Exception):
    """No turn came free within the waiting time; the caller puts the work off."""


class RequestPacer(Protocol):
    """A client-side rate limit shared by every worker."""

    def wait_for_turn(self, lane: str) -> None:
        """Return when one more request may leave in `lane` (for Stripe: account and endpoint).

        Waits two seconds at most, then raises `TurnNotGranted`. When the shared counter cannot be reached, a limit of
        this
        process alone applies instead.
        """
