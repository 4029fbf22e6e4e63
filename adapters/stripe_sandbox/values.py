"""Words that every file of the sandbox uses."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
Clock = Callable[[], datetime]

API_VERSION = "2026-10-28.endive"
PLATFORM_ACCOUNT = "acct_1SandboxPlatform0"


def system_clock() -> datetime:
    """The machine's time, aware, in UTC: the default of `Sandbox`."""
    return datetime.now(UTC)


def to_text(body: Json) -> str:
    """JSON as Stripe writes it: two spaces of indentation."""
    return json.dumps(body, indent=2, ensure_ascii=False)
