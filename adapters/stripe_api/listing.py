"""Reading objects and lists at Stripe, page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.stripe_api.calls import Answer, NoAnswer, Reply, StripeCalls
from adapters.stripe_api.json_values import Json, members

_PAGE_SIZE = 100
_PAGES_MAX = 5


class NotRead(Exception):
    """Something could not be read at Stripe. The text says why, without secrets."""


class Denied(NotRead):
    """Stripe said no: asking again changes nothing."""


class NoSuchObject(Denied):
    """Stripe does not know what was asked for."""


@dataclass(frozen=True)
class Page:
    """Entries of a list, newest first. `next_cursor` is None on the last page."""

    entries: tuple[Json, ...]
    next_cursor: str | None
    told_at: datetime | None


def read(reply: Reply) -> Answer:
    """The answer to a request that reads. Raises `NotRead`."""
    if isinstance(reply, NoAnswer):
        raise NotRead(reply.reason)
    if reply.is_success:
        return reply
    if reply.status == 404:
        raise NoSuchObject(reply.described())
    is_final = 400 <= reply.status < 500 and reply.status != 409 and not reply.is_rate_limit
    raise (Denied if is_final else NotRead)(reply.described())


def read_page(
    calls: StripeCalls, account: str | None, path: str, query: Mapping[str, str], cursor: str | None = None
) -> Page:
    """One page of a list, up to 100 entries. Raises `NotRead`, also for an answer that is no list."""
    turned = {} if cursor is None else {"starting_after": cursor}
    answer = read(calls.get(account, path, {**query, **turned, "limit": str(_PAGE_SIZE)}))
    if not isinstance(answer.body.get("data"), list):
        raise NotRead(f"Stripe's answer to {path} is no list.")
    entries = members({"list": answer.body}, "list")
    is_last = answer.body.get("has_more") is not True or not entries
    return Page(entries, None if is_last else str(entries[-1].get("id")), answer.told_at)


def read_pages(calls: StripeCalls, account: str | None, path: str, query: Mapping[str, str]) -> Iterator[Page]:
    """Every page of a list; one too long to be read whole is no ground to call anything absent. Raises `NotRead`."""
    cursor: str | None = None
    for _ in range(_PAGES_MAX):
        page = read_page(calls, account, path, query, cursor)
        yield page
        if page.next_cursor is None:
            return
        cursor = page.next_cursor
    raise NotRead(f"{path} lists more than {_PAGE_SIZE * _PAGES_MAX} objects; what is wanted is not among the first.")
