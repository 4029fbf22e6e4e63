"""What a mail to a customer would look like."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from domain.model.decline_categories import DeclineCategory
from domain.model.firms import Scope
from domain.model.notices import NoticeStage
from domain.services.branding import preview_notice as preview
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.branding_schemas import NewBrandingSchema, branding_from
from entrypoints.web.api.fields import Accepted, Choice, Text
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.notice_renderer import RenderedNotice

blueprint = ApiBlueprint("notice_preview", path="/notices/preview", description="What mails to customers look like.")


class NewNoticePreviewSchema(Accepted):
    """Which mail to show."""

    stage = Choice(
        [stage.value for stage in NoticeStage],
        required=True,
        metadata={"description": "What the mail is about.", "example": "payment_failed"},
    )
    language = Text(
        longest=35,
        metadata={"description": "A language tag such as a client's locale; the branding's when missing."},
    )
    category = Choice(
        [category.value for category in DeclineCategory],
        metadata={"description": "Why the payment failed, for the stages that say so.", "example": "card_expired"},
    )
    branding = fields.Nested(
        NewBrandingSchema, metadata={"description": "A branding to try out; the firm's own when missing."}
    )


class RenderedNoticeSchema(Shown):
    """A mail."""

    subject = shown.text("One line.", "Your payment for invoice 2026-0042 did not go through")
    text = shown.text("The text part.", "Your payment did not go through")
    html = shown.text("The HTML part, a whole document.", "<!doctype html>")
    language = shown.text("The language that it is in, and the region where one is known.", "en-GB")


@blueprint.operation(
    "POST",
    "",
    Answer(200, RenderedNoticeSchema, "The mail, about nobody."),
    scope=Scope.READ,
    body=NewNoticePreviewSchema,
)
def preview_notice(wanted: Mapping[str, Any]) -> RenderedNotice:
    """Show a mail to a customer, with sample data.

    Nothing is sent or kept.
    """
    return preview(
        ports(),
        application().notice_renderer,
        caller().firm_id,
        NoticeStage(wanted["stage"]),
        language=wanted.get("language"),
        category=DeclineCategory(wanted["category"]) if "category" in wanted else None,
        branding=branding_from(wanted["branding"]) if "branding" in wanted else None,
    )
