"""How the firm looks to its customers."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Scope
from domain.services import branding
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.branding_schemas import BrandingSchema, NewBrandingSchema, branding_from, branding_shown
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller

blueprint = ApiBlueprint("branding", path="/branding", description="How the firm looks to its customers.")


@blueprint.operation("GET", "", Answer(200, BrandingSchema, "The branding."), scope=Scope.READ)
def get_branding() -> dict[str, Any]:
    """Show how the firm's mails look and what it says in its own words."""
    return branding_shown(branding.get_branding(ports(), caller().firm_id))


@blueprint.operation(
    "PUT", "", Answer(200, BrandingSchema, "The branding as it is now."), scope=Scope.ADMIN, body=NewBrandingSchema
)
def replace_branding(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Replace how the firm's mails look and what it says in its own words.

    The body is the whole branding: what it leaves out is plain. Texts are plain text with placeholders; nothing in them
    is markup.
    """
    by = caller()
    renderer = application().notice_renderer
    replaced = branding.replace_branding(ports(), renderer, by.firm_id, branding_from(wanted), by.actor)
    return branding_shown(replaced)
