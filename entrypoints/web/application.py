"""What the web needs of the composition root, and how a request finds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from domain.services.customer_links import Links
from domain.services.customer_page import Counter
from domain.services.steps import Ports
from domain.services.webhooks import Mailroom
from ports.alerter import AlertPoster
from ports.checkpoints import Checkpoints
from ports.customer_pages import CustomerPages
from ports.host_webhooks import HostWebhooks
from ports.notice_renderer import NoticeRenderer
from ports.payment_gateway import CardFile
from ports.signed_messages import SignatureChecker

_EXTENSION = "dunlin"


@dataclass(frozen=True)
class CustomerDesk:
    """What customers' pages need. `hosted_pages` are the origins of Stripe's own pages, as a security policy says."""

    links: Links
    counter: Counter
    pages: CustomerPages
    hosted_pages: str


@dataclass(frozen=True)
class WebApplication:
    """The parts that requests are answered with. `base_url` is the public address, without a slash at its end.

    `readiness` gives each check by name, `ok` or what is the matter; it never raises and answers within seconds.
    `metrics_text` gives the figures for Prometheus and their content type. Without `mail_signatures` no reports about
    mails are taken.
    """

    ports: Ports
    mailroom: Mailroom
    cards: CardFile
    hosts: HostWebhooks
    checkpoints: Checkpoints
    notice_renderer: NoticeRenderer
    customers: CustomerDesk
    alert_poster: AlertPoster
    readiness: Callable[[], Mapping[str, str]]
    metrics_text: Callable[[], tuple[bytes, str]]
    base_url: str
    mail_signatures: SignatureChecker | None = None


def keep(app: Flask, application: WebApplication) -> None:
    """Let the requests of `app` find `application`."""
    app.extensions[_EXTENSION] = application


def application() -> WebApplication:
    """The application that the current request is answered with."""
    return cast("WebApplication", current_app.extensions[_EXTENSION])


def ports() -> Ports:
    """The ports of the current request's application."""
    return application().ports
