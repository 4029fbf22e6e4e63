"""Ids of Stripe's objects as clients give them."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields

# What Stripe itself says of its ids: at most 255 characters. docs.stripe.com/upgrades.
_LENGTH_MAX = 255
_PRINTABLE = re.compile(r"[!-~]{1,255}")
# Recordings, migrations and Stripe's own older objects have ids without the usual prefix, so the prefix is not asked
# for; but an id of another kind, or a secret, is a mix-up that would wait for events in vain.
_OTHERS = (
    "acct_",
    "ch_",
    "cus_",
    "dp_",
    "du_",
    "evt_",
    "in_",
    "pi_",
    "pm_",
    "py_",
    "re_",
    "rk_",
    "sk_",
    "sub_",
    "whsec_",
)


class StripeId(fields.String):
    """The id of an object whose ids begin with `prefix`: printable ASCII without spaces, no other kind's prefix."""

    def __init__(self, prefix: str, description: str) -> None:
        example = f"{prefix}1PgafmB7WZ01zgkW"
        super().__init__(
            error_messages={
                "invalid": "Must be text.",
                "shape": f"Must be 1 to {_LENGTH_MAX} printable ASCII characters without spaces.",
                "kind": f"Is the id of something else; an id that begins with {prefix} is wanted.",
            },
            allow_none=True,
            metadata={"description": description, "example": example, "minLength": 1, "maxLength": _LENGTH_MAX},
        )
        self.prefix = prefix

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _PRINTABLE.fullmatch(text):
            raise self.make_error("shape")
        if text == self.prefix or (text.startswith(_OTHERS) and not text.startswith(self.prefix)):
            raise self.make_error("kind")
        return text
