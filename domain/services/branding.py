"""How a firm looks to its customers, and what a mail of it would look like."""

from domain.model.audit import Actor, Note, Severity
from domain.model.decline_categories import DeclineCategory
from domain.model.errors import FieldError, InvalidInput, NotFound
from domain.model.firms import Firm
from domain.model.notice_samples import Sample, sample_content
from domain.model.notices import Branding, NoticeStage
from domain.services.bookkeeping import audit_event
from domain.services.steps import Ports, Step, in_firm
from ports.notice_renderer import NoticeRenderer, RenderedNotice


def get_branding(ports: Ports, firm_id: str) -> Branding:
    """The firm's branding; the plain one where none was set. Raises `NotFound`."""
    _, branding = in_firm(ports, firm_id, lambda step: _kept(step, firm_id))
    return branding


def replace_branding(ports: Ports, renderer: NoticeRenderer, firm_id: str, branding: Branding, by: Actor) -> Branding:
    """A new branding for all mails from now on. Raises `InvalidInput` naming each field, and `NotFound`."""
    _check(renderer, branding)

    def change(step: Step) -> Branding:
        _, before = _kept(step, firm_id)
        if before != branding:
            step.tx.brandings.save(firm_id, branding)
            words = "The look or the words of mails to customers were changed."
            note = Note("branding_changed", Severity.INFO, words, "firm", firm_id)
            step.tx.journal.append([audit_event(step, firm_id, note, by)])
        return branding

    return in_firm(ports, firm_id, change)


def preview_notice(
    ports: Ports,
    renderer: NoticeRenderer,
    firm_id: str,
    stage: NoticeStage,
    *,
    language: str | None = None,
    category: DeclineCategory | None = None,
    branding: Branding | None = None,
) -> RenderedNotice:
    """A mail of that stage about nobody, in the firm's branding or in one to try out.

    Raises `InvalidInput` for what is wrong with that, by `branding.` and the field, and `NotFound`.
    """
    if branding is not None:
        _check(renderer, branding, prefix="branding.")
    firm, kept = in_firm(ports, firm_id, lambda step: _kept(step, firm_id))
    sample = Sample(stage, firm.name, branding or kept, language, category)
    return renderer.render(sample_content(sample, ports.clock.now().date()))


def preview_plain_notice(
    ports: Ports,
    renderer: NoticeRenderer,
    stage: NoticeStage,
    *,
    language: str | None = None,
    category: DeclineCategory | None = None,
) -> RenderedNotice:
    """The same for a firm that set nothing; needs no storage."""
    sample = Sample(stage, "Example Firm", Branding(), language, category)
    return renderer.render(sample_content(sample, ports.clock.now().date()))


def _kept(step: Step, firm_id: str) -> tuple[Firm, Branding]:
    firm = step.tx.firms.get(firm_id)
    if firm is None:
        raise NotFound("firm", firm_id)
    return firm, step.tx.brandings.get(firm_id)


def _check(renderer: NoticeRenderer, branding: Branding, prefix: str = "") -> None:
    problems = renderer.problems(branding)
    if problems:
        raise InvalidInput(*(FieldError(f"{prefix}{field}", message) for field, message in problems.items()))
