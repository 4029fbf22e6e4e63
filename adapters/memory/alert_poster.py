"""Chat and paging services in memory."""

from collections import deque

from ports.alerter import AddressUnusable, AlertMessage, AlertNotDelivered


class MemoryAlertPoster:
    """The port `AlertPoster`. `posted` holds what was taken, in order, as (address, message).

    Addresses in `refusing` take nothing for now, those in `unusable` never will; `lose_next_answer` takes the next
    message and fails all the same.
    """

    def __init__(self) -> None:
        self.posted: list[tuple[str, AlertMessage]] = []
        self.refusing: set[str] = set()
        self.unusable: set[str] = set()
        self._lost: deque[bool] = deque()

    def lose_next_answer(self) -> None:
        """Take the next message and break off before saying so."""
        self._lost.append(True)

    def check(self, url: str) -> None:
        """Return when messages can be posted to it; see the port."""
        if url in self.unusable or "://" not in url:
            raise AddressUnusable("It is no address of a service that alerts can be posted to.")

    def post(self, url: str, message: AlertMessage) -> None:
        """Take one message; see the port."""
        self.check(url)
        if url in self.refusing:
            raise AlertNotDelivered("The service in memory was told to refuse.")
        self.posted.append((url, message))
        if self._lost:
            self._lost.popleft()
            raise AlertNotDelivered("The service in memory was told to lose its answer.")
