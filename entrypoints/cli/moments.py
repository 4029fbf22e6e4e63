"""Points in time as people type them."""

import re
from datetime import UTC, datetime, timedelta

import click

_AGO = re.compile(r"(\d{1,4})([hd])")


class Moment(click.ParamType[datetime]):
    """`2026-11-20`, `2026-11-20T08:00Z`, or `36h` and `30d` for so long ago. Without a zone it is UTC."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, aware UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        ago = _AGO.fullmatch(text)
        if ago is not None:
            count = int(ago[1])
            return datetime.now(UTC) - (timedelta(hours=count) if ago[2] == "h" else timedelta(days=count))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time. Write 2026-11-20, 2026-11-20T08:00Z, 36h or 30d.", param, ctx)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
