"""The composition root: settings in, a running application out. The only place that knows every concrete adapter."""

import os
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask
from redis import Redis

from adapters.alerts.apprise_alerter import AppriseAlertPoster
from adapters.alerts.log_alerter import LogAlerter
from adapters.files.checkpoints import CheckpointFile
from adapters.host_webhooks.sender import StandardHostWebhooks
from adapters.links.signer import SignedLinks
from adapters.notice_templates.customer_pages import TemplateCustomerPages
from adapters.notice_templates.renderer import TemplateNoticeRenderer
from adapters.postgres.roles import UnsafeRole
from adapters.postgres.unit_of_work import SqlUnitOfWork
from adapters.prometheus.exposition import exposition
from adapters.prometheus.metrics import RedisMetrics
from adapters.redis_pacing.pacer import RedisRequestPacer
from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.queues import connect
from adapters.smtp.folder import FolderMailer
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.server import Sender, SmtpServer
from adapters.standard_webhooks.checker import StandardWebhookChecker
from adapters.stripe_api.cards import StripeCardFile
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.customer_sessions import StripeCustomerSessions
from adapters.stripe_api.dispute_gateway import StripeDisputeGateway
from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from adapters.stripe_api.gateway import StripePaymentGateway
from adapters.stripe_api.records import StripeRecordsReader
from adapters.stripe_api.refund_gateway import StripeRefundGateway
from adapters.stripe_api.verifier import StripeWebhookVerifier
from adapters.system.chance import RandomChance
from adapters.system.clock import SystemClock
from adapters.system.ids import RandomIds
from domain.model.audit import Actor
from domain.model.firms import Scope
from domain.model.host_addresses import AddressRules
from domain.services.alerting import AlertDesk
from domain.services.charging import Till
from domain.services.customer_links import Links
from domain.services.customer_page import Counter
from domain.services.firms import create_api_key, create_firm, list_firms
from domain.services.notices import PostOffice
from domain.services.outbox import Workshop
from domain.services.steps import Ports
from domain.services.webhooks import Mailroom
from entrypoints.readiness import OK, Readiness
from entrypoints.settings import Settings
from entrypoints.web.app import create_app as create_web_app
from entrypoints.web.application import CustomerDesk, WebApplication
from ports.checkpoints import Checkpoints
from ports.clock import Clock
from ports.mailer import Mailer
from ports.notice_renderer import NoticeRenderer
from ports.unit_of_work import StorageUnavailable

REQUESTS_PER_SECOND = 20
"""Below Stripe's 25 a second for each endpoint in test mode. Source: docs.stripe.com/rate-limits, read 2026-11."""


@dataclass(frozen=True)
class Application:
    """Everything that the entrypoints drive."""

    settings: Settings
    ports: Ports
    mailroom: Mailroom
    workshop: Workshop
    checkpoints: Checkpoints
    notice_renderer: NoticeRenderer
    metrics: RedisMetrics
    redis: Redis
    readiness: Readiness
    mailer: Mailer


def bootstrap(settings: Settings) -> Application:
    """Build the application. Connects to nothing yet, so that a process may fork before its first use."""
    clock = SystemClock()
    redis = connect(settings.redis_url)
    metrics = RedisMetrics(redis)
    uow = SqlUnitOfWork(settings.database_url)
    ports = Ports(
        uow=uow,
        clock=clock,
        ids=RandomIds(),
        chance=RandomChance(),
        doorbell=RqJobScheduler(redis, clock, on_lost=lambda bells: metrics.count("dunlin_bells_lost_total", bells)),
        metrics=metrics,
        day=timedelta(seconds=settings.day_seconds),
    )
    client = stripe_client(settings.stripe_secret_key, settings.stripe_api_base)
    pacer = RedisRequestPacer(redis, REQUESTS_PER_SECOND)
    mailroom = Mailroom(
        StripeWebhookVerifier(settings.stripe_webhook_secrets), StripeEventInterpreter(), livemode=settings.is_live
    )
    till = Till(StripePaymentGateway(client, pacer, clock), StripeCardFile(client, pacer))
    renderer, mailer = TemplateNoticeRenderer(), _mailer(settings, clock)
    links = Links(SignedLinks(settings.secret_key), settings.base_url)
    workshop = Workshop(
        till=till,
        mailroom=mailroom,
        alerts=_alert_desk(settings, mailer),
        refunds=StripeRefundGateway(client, pacer, clock),
        disputes=StripeDisputeGateway(client, pacer, clock),
        records=StripeRecordsReader(client, pacer),
        hosts=StandardHostWebhooks(settings.secret_key, _address_rules(settings)),
        office=PostOffice(mailer, renderer, links, domain=urlsplit(settings.base_url).hostname or "localhost"),
        sessions=StripeCustomerSessions(client, pacer),
    )
    readiness = Readiness(settings, ports, redis, database=lambda: _database_state(uow))
    checkpoints = CheckpointFile(settings.home.audit_checkpoints_path)
    return Application(
        settings=settings,
        ports=ports,
        mailroom=mailroom,
        workshop=workshop,
        checkpoints=checkpoints,
        notice_renderer=renderer,
        metrics=metrics,
        redis=redis,
        readiness=readiness,
        mailer=mailer,
    )


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    sender = Sender.from_text(settings.mail_from)
    if settings.smtp_url is None:
        return FolderMailer(settings.home.mail_dir, sender, clock)
    return SmtpMailer(SmtpServer.from_url(settings.smtp_url), sender, clock)


def _alert_desk(settings: Settings, mailer: Mailer) -> AlertDesk:
    return AlertDesk(
        log=LogAlerter(),
        poster=AppriseAlertPoster(),
        mailer=mailer,
        operator_urls=settings.alert_urls,
        base_url=settings.base_url,
        mail_domain=Sender.from_text(settings.mail_from).address.rpartition("@")[2],
    )


def _address_rules(settings: Settings) -> AddressRules:
    """Plain HTTP is for trying things out beside the sandbox."""
    return AddressRules(settings.uses_sandbox, frozenset(settings.webhook_allowed_hosts))


def _database_state(uow: SqlUnitOfWork) -> str:
    """Whether the database is reachable, with our schema, under a role that row-level security binds."""
    try:
        is_current = uow.schema_is_current()
    except (StorageUnavailable, UnsafeRole) as error:
        return str(error)
    return OK if is_current else "its schema is not this version's: run `dunlin migrate`"


def create_app() -> Flask:
    """The WSGI application of this process, with the settings of its environment."""
    application = bootstrap(Settings.from_env(os.environ))
    application.metrics.flush_regularly()
    return create_web_app(
        WebApplication(
            ports=application.ports,
            mailroom=application.mailroom,
            cards=application.workshop.till.cards,
            hosts=application.workshop.hosts,
            checkpoints=application.checkpoints,
            notice_renderer=application.notice_renderer,
            customers=_customer_desk(application),
            alert_poster=application.workshop.alerts.poster,
            readiness=application.readiness.checks,
            metrics_text=lambda: exposition(application.redis, application.readiness.gauges()),
            base_url=application.settings.base_url,
            mail_signatures=_mail_signatures(application.settings),
        )
    )


def _customer_desk(application: Application) -> CustomerDesk:
    workshop, settings = application.workshop, application.settings
    counter = Counter(workshop.sessions, workshop.till.cards)
    # Checkout may have a domain of the firm's own at Stripe, always with TLS; the sandbox has none.
    hosted_pages = f"https: {settings.stripe_api_base}" if settings.uses_sandbox else "https:"
    return CustomerDesk(workshop.office.links, counter, TemplateCustomerPages(), hosted_pages)


def _mail_signatures(settings: Settings) -> StandardWebhookChecker | None:
    return StandardWebhookChecker(settings.mail_webhook_secrets) if settings.mail_webhook_secrets else None


def first_run(settings: Settings) -> list[str]:
    """Make a first firm with a key where there is none; the lines that show them, empty when there is one already."""
    ports = bootstrap(settings).ports
    if list_firms(ports):
        return []
    by = Actor("dunlin", "first start")
    firm = create_firm(ports, "Demo firm", None, by)
    key = create_api_key(ports, firm.id, Scope.ADMIN, by)
    return [
        f"Firm     {firm.id} ({firm.name})",
        f"API key  {key.secret}",
        f"         The key is shown this once. Make another with: dunlin apikey create --firm {firm.id} --scope admin",
    ]
