"""A post office for tests: the real words and links, and a mailer that keeps what it is given."""

from adapters.links.signer import SignedLinks
from adapters.memory.mailer import MemoryMailer
from adapters.notice_templates.renderer import TemplateNoticeRenderer
from domain.services.customer_links import Links
from domain.services.notices import PostOffice

BASE_URL = "https://pay.example.com"
LINKS = Links(SignedLinks("a secret of these tests, long enough"), BASE_URL)


def a_post_office(mailer: MemoryMailer) -> PostOffice:
    """An office whose mails go to `mailer`."""
    return PostOffice(mailer, TemplateNoticeRenderer(), LINKS, "pay.example.com")
