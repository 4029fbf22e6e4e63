"""Notices from our templates; Jinja never sees a template that is not ours."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapters.notice_templates.branding_checks import problems_of
from adapters.notice_templates.composition import Composition, compose
from adapters.notice_templates.languages import first_spoken
from domain.model.notices import Branding, NoticeContent
from ports.notice_renderer import RenderedNotice


class TemplateNoticeRenderer:
    """The port `NoticeRenderer`."""

    def __init__(self) -> None:
        self._html = Environment(
            loader=PackageLoader("adapters.notice_templates", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, content: NoticeContent) -> RenderedNotice:
        """The notice; see the port."""
        composition = compose(content, first_spoken(content.languages))
        html = self._html.get_template("notice.html").render(mail=composition)
        return RenderedNotice(composition.subject, _text(composition), html, composition.tag)

    def problems(self, branding: Branding) -> dict[str, str]:
        """What is wrong with a firm's branding; see the port."""
        return problems_of(branding)


def _text(mail: Composition) -> str:
    """What the HTML says, in its order."""
    details = "\n".join(mail.labelled(label, value) for label, value in mail.details)
    blocks = (
        mail.heading,
        mail.greeting,
        *mail.paragraphs,
        mail.labelled(mail.button, mail.link),
        details,
        f"{mail.closing}\n{mail.firm_name}" if mail.closing else "",
        "-- \n" + "\n\n".join(mail.footer),
    )
    return "\n\n".join(filter(None, blocks)) + "\n"
