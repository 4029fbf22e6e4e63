"""`/pay/{token}`: look at an invoice, pay it, give a card. POST, then redirect: a reload repeats nothing."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from domain.model.customer_page import PageContent, PageProblem, PageState
from domain.model.errors import Conflict
from domain.services.checkouts import Visit, open_checkout
from domain.services.customer_page import look, pay_now
from domain.services.new_cards import card_returned, open_card_page
from entrypoints.web.application import CustomerDesk, application, ports
from entrypoints.web.customer.guard import LinkUse, is_from_page, signed_form
from entrypoints.web.problems import NOT_FOUND, ProblemFound
from ports.customer_pages import PageFrame
from ports.link_signer import BadLink, CustomerLink
from ports.payment_gateway import GatewayUnavailable

BODY_BYTES_MAX = 8_192

blueprint = Blueprint("customer", __name__)

_LINK_USE = "dunlin.link_use"
_STATUSES = {PageState.UNKNOWN: 404, PageState.EXPIRED: 410, PageState.REVOKED: 410, PageState.GONE: 410}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src {images}; form-action 'self' {hosted}; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_ACCENT = re.compile(r"[0-9a-f]{6}")
_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,200}")
Action = Callable[[Visit], str | None]
"""What a button does; where it leads, None for back to the page."""


def register(app: Flask) -> None:
    """Let `app` show customers' pages."""
    app.extensions[_LINK_USE] = LinkUse()
    app.register_blueprint(blueprint)


@blueprint.get("/pay/assets/page.css")
def style() -> Response:
    """How the page looks."""
    return _css(_page_css())


@blueprint.get("/pay/assets/accent-<color>.css")
def accent(color: str) -> Response:
    """The firm's colour: styles may stand in files of ours alone."""
    if not _ACCENT.fullmatch(color):
        raise ProblemFound(NOT_FOUND, "There is no such file here.")
    return _css(f":root {{ --accent: #{color}; }}\n")


@blueprint.get("/pay/<token>")
def show(token: str) -> Response:
    """The invoice as it stands."""
    if _is_too_much(token):
        return _page(token, None, _unknown(), PageProblem.TOO_MANY, status=429)
    link, content = _opened(token)
    told = request.args.get("problem")
    problem = PageProblem(told) if told in set(PageProblem) else None
    return _page(token, link, content, problem)


@blueprint.get("/pay/<token>/card")
def came_back(token: str) -> AnyResponse:
    """The customer comes back from Stripe's page with a new card. Stripe's event tells the same, so nothing is lost."""
    link, content = _opened(token)
    session_id = request.args.get("session", "")
    is_asked = content.state in (PageState.OPEN, PageState.WAITING) and _SESSION.fullmatch(session_id)
    if link is not None and is_asked and not _is_too_much(token):
        try:
            card_returned(ports(), _desk().counter.sessions, link.firm_id, link.invoice_id, session_id)
        except Conflict:
            return _back(token, PageProblem.NOT_NOW)
    return redirect(f"{_path(token)}?returned=1", 303)


@blueprint.post("/pay/<token>/pay")
def pay(token: str) -> AnyResponse:
    """Pay with a saved card."""
    return _do(token, _pay)


@blueprint.post("/pay/<token>/checkout")
def checkout(token: str) -> AnyResponse:
    """Pay on Stripe's page, with another card or where the bank asks for the customer."""
    return _do(token, lambda visit: open_checkout(ports(), _desk().counter.sessions, visit))


@blueprint.post("/pay/<token>/card")
def give_card(token: str) -> AnyResponse:
    """Give a card on Stripe's page; it is charged on return."""
    return _do(token, lambda visit: open_card_page(ports(), _desk().counter.sessions, visit))


def _pay(visit: Visit) -> None:
    pay_now(ports(), _desk().counter, visit, request.form.get("card", ""))


def _do(token: str, action: Action) -> AnyResponse:
    request.max_content_length = BODY_BYTES_MAX
    link, content = _opened(token)
    if link is None:
        return _page(token, None, content)
    if _is_too_much(token):
        return _page(token, link, content, PageProblem.TOO_MANY, status=429)
    if content.state is not PageState.OPEN:
        return _back(token, None)
    if not is_from_page(link):
        return _back(token, PageProblem.NOT_NOW)
    visit = Visit(
        link.firm_id, link.invoice_id, application().base_url + _path(token), _desk().pages.language_of(content)
    )
    try:
        target = action(visit)
    except Conflict:
        return _back(token, PageProblem.NOT_NOW)
    except GatewayUnavailable:
        return _back(token, PageProblem.UNAVAILABLE)
    return _back(token, None) if target is None else redirect(target, 303)


def _opened(token: str) -> tuple[CustomerLink | None, PageContent]:
    """What the token opens. An altered one, another purpose's and one to nothing look the same."""
    desk = _desk()
    try:
        link = desk.links.open(token)
    except BadLink:
        return None, _unknown()
    content = look(ports(), desk.counter.cards, link, has_returned="returned" in request.args)
    return (None, _unknown()) if content is None else (link, content)


def _unknown() -> PageContent:
    return PageContent(PageState.UNKNOWN, tuple(request.accept_languages.values()))


def _page(
    token: str,
    link: CustomerLink | None,
    content: PageContent,
    problem: PageProblem | None = None,
    *,
    status: int | None = None,
) -> Response:
    form = signed_form(link) if link is not None and content.state is PageState.OPEN else ""
    page = _desk().pages.render(content, PageFrame(_path(token), form, problem))
    headers = {
        "Content-Language": page.language,
        "Content-Security-Policy": _POLICY.format(images=page.logo_origin or "'none'", hosted=_desk().hosted_pages),
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }
    code = status or _STATUSES.get(content.state, 200)
    return Response(page.html, code, headers, content_type="text/html; charset=utf-8")


def _back(token: str, problem: PageProblem | None) -> AnyResponse:
    return redirect(_path(token) + (f"?problem={problem}" if problem else ""), 303)


def _path(token: str) -> str:
    return f"/pay/{quote(token, safe='')}"


def _is_too_much(token: str) -> bool:
    use: LinkUse = current_app.extensions[_LINK_USE]
    return use.is_too_much(token)


def _desk() -> CustomerDesk:
    return application().customers


def _css(text: str) -> Response:
    return Response(text, headers={"Cache-Control": "public, max-age=3600"}, content_type="text/css; charset=utf-8")


@cache
def _page_css() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
