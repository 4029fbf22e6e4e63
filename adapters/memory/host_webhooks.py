"""A host application in memory: it takes what is sent, or answers as it is told."""

import base64
import hashlib
from collections import deque

from domain.model.host_addresses import AddressRules, read_url
from domain.model.host_deliveries import HostAnswer
from ports.host_webhooks import HostWebhook


class MemoryHostWebhooks:
    """The port `HostWebhooks`. `answers` come first, then every webhook is taken; `sent` are all, in order."""

    def __init__(self, rules: AddressRules | None = None) -> None:
        self._rules = rules or AddressRules()
        self.answers: deque[HostAnswer] = deque()
        self.sent: list[HostWebhook] = []

    def secret(self, salt: str) -> str:
        """The secret of a salt; see the port."""
        return "whsec_" + base64.b64encode(hashlib.sha256(salt.encode()).digest()).decode()

    def check_url(self, url: str) -> None:
        """Raise `BadHostAddress` for a URL of a wrong form; nothing is resolved."""
        read_url(url, self._rules)

    def send(self, webhook: HostWebhook) -> HostAnswer:
        """Keep it; the next answer."""
        self.sent.append(webhook)
        return self.answers.popleft() if self.answers else HostAnswer(200)
