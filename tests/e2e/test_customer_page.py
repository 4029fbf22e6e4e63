"""A customer's way on a running installation: the mail, its link, Stripe's page, paid."""

import email
import email.policy
import html
import re
import urllib.error
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, build_opener, urlopen

from tests.e2e.installation import Installation, running_installation
from tests.waiting import eventually

_LINK = re.compile(r"https?://\S+/pay/[A-Za-z0-9_.-]+")


def link_in_mail(installation: Installation, address: str) -> str | None:
    """Where the newest mail to that address leads."""
    for path in sorted(Path(installation.home / "mail").rglob("*.eml"), reverse=True):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        found = _LINK.search(body.get_content()) if body else None
        if found and address in str(message["To"]):
            return found[0]
    return None


def page(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def press(url: str, button: str) -> tuple[str, str]:
    """Press a button of the customer's page and go where it leads: the address and what is there."""
    form = re.search(r'name="form" value="([^"]+)"', page(url))
    assert form
    return submit(f"{url}/{button}", form=html.unescape(form[1]))


def submit(url: str, **fields: str) -> tuple[str, str]:
    try:
        with build_opener().open(Request(url, urlencode(fields).encode()), timeout=10) as answer:
            return str(answer.geturl()), str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.geturl()), error.read().decode()


def test_a_declined_customer_follows_the_mail_gives_a_card_and_has_paid() -> None:
    with running_installation(DUNLIN_DAY_SECONDS="3600", DUNLIN_SWEEP_SECONDS="2") as installation:
        client_id, _ = installation.client_with_card("pm_card_chargeCustomerFail")
        installation.api("PATCH", f"/clients/{client_id}", {"email": "ann@acme.example"})
        invoice_id = installation.sent_invoice(client_id)
        link = eventually(lambda: link_in_mail(installation, "ann@acme.example"), within_seconds=40)
        assert "Pay $42.00 now" in page(link)

        stripes_page, shown = press(link, "card")
        assert stripes_page.startswith(f"{installation.sandbox_url}/sandbox/checkout/")
        assert "Save a card" in shown
        back, _ = submit(stripes_page, card="pm_card_visa")
        assert back == f"{link}?returned=1"
        eventually(lambda: installation.get(invoice_id)["status"] == "paid", within_seconds=30)

        assert "This invoice is paid" in page(link)
        triggers = [(one["trigger"], one["status"]) for one in installation.attempts(invoice_id)]
        assert triggers == [("autopay", "declined"), ("customer", "succeeded")]
        assert [charge["status"] for charge in installation.charges(invoice_id)] == ["failed", "succeeded"]


def test_a_customer_whose_bank_asks_pays_on_stripes_page() -> None:
    with running_installation(DUNLIN_DAY_SECONDS="3600", DUNLIN_SWEEP_SECONDS="2") as installation:
        client_id, _ = installation.client_with_card("pm_card_authenticationRequired")
        installation.api("PATCH", f"/clients/{client_id}", {"email": "ben@acme.example"})
        invoice_id = installation.sent_invoice(client_id)
        link = eventually(lambda: link_in_mail(installation, "ben@acme.example"), within_seconds=40)
        assert "Confirm with your bank" in page(link)

        stripes_page, _ = press(link, "checkout")
        bank, asks = submit(stripes_page, card="pm_card_authenticationRequired")
        assert "Your bank asks: is it you?" in asks
        back, _ = submit(bank, outcome="succeed", **{"from": "page"})

        assert back == f"{link}?returned=1"
        eventually(lambda: installation.get(invoice_id)["status"] == "paid", within_seconds=30)
        assert len([charge for charge in installation.charges(invoice_id) if charge["status"] == "succeeded"]) == 1
