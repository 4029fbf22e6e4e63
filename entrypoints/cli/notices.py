"""Mails to customers, to look at."""

import click

from domain.model.decline_categories import DeclineCategory
from domain.model.notices import NoticeStage
from entrypoints.cli.errors import CommandError
from entrypoints.cli.loading import load_settings

_STAGES = [stage.value for stage in NoticeStage]
_CATEGORIES = [category.value for category in DeclineCategory]


@click.group()
def notices() -> None:
    """Mails to customers.

    \b
    Example:
      dunlin notices preview payment_failed --language de
    """


@notices.command("preview")
@click.argument("stage", type=click.Choice(_STAGES), metavar="STAGE")
@click.option("--language", help="A language tag such as de or de-AT; the firm's own when missing.")
@click.option("--category", type=click.Choice(_CATEGORIES), help="Why the payment failed.")
@click.option("--format", "part", type=click.Choice(["text", "html"]), default="text", show_default=True)
@click.option("--firm", "firm_id", help="In this firm's branding (frm_…).")
def preview(stage: str, language: str | None, category: str | None, part: str, firm_id: str | None) -> None:
    """Show a mail with sample data. STAGE is what it is about.

    The stages are payment_failed, payment_urgent, suspension_warning, final_notice, authentication_needed, receipt,
    card_expiring, card_changed and dispute_received. Without --firm no database is needed.

    \b
    Example:
      dunlin notices preview receipt --language fr --format html > receipt.html
    """
    settings = load_settings()
    from domain.model.errors import DunlinError
    from domain.services.branding import preview_notice, preview_plain_notice
    from entrypoints.bootstrap import bootstrap

    application = bootstrap(settings)
    wanted, reason = NoticeStage(stage), DeclineCategory(category) if category else None
    renderer, ports = application.notice_renderer, application.ports
    try:
        mail = (
            preview_notice(ports, renderer, firm_id, wanted, language=language, category=reason)
            if firm_id
            else preview_plain_notice(ports, renderer, wanted, language=language, category=reason)
        )
    except DunlinError as error:
        raise CommandError(str(error)) from error
    click.echo(mail.html if part == "html" else f"Subject: {mail.subject}\n\n{mail.text}", nl=False)
