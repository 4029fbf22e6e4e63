"""What tests tell the mailer in memory; the rest is in tests/contracts/test_mailer.py."""

import pytest

from adapters.memory.mailer import MemoryMailer
from ports.mailer import Mail, MailNotSent, MailRefused

MAIL = Mail("<ntc_1@dunlin.example>", "anna@acme.example", "Subject", "Text\n", "<p>HTML</p>\n")


def test_it_does_what_it_was_told_in_order_and_then_takes_everything() -> None:
    mailer = MemoryMailer()
    mailer.fail_next()
    mailer.refuse_next(is_address_bad=True)
    mailer.lose_next_answer()

    with pytest.raises(MailNotSent):
        mailer.send(MAIL)
    with pytest.raises(MailRefused) as refusal:
        mailer.send(MAIL)
    assert mailer.sent == []
    with pytest.raises(MailNotSent):
        mailer.send(MAIL)
    mailer.send(MAIL)

    assert refusal.value.is_address_bad
    assert mailer.sent == [MAIL, MAIL]
