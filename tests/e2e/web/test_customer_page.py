"""`/pay/{token}`: the customer's page of an invoice, and attacks on its link."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from adapters.memory.bank_values import Mood
from adapters.notice_templates.colors import contrast
from domain.model.audit import Actor
from domain.model.notices import LANGUAGES
from domain.services.customer_links import LIFETIME, PAY, revoke_links
from ports.link_signer import CustomerLink
from tests import stripe_events as stripe
from tests.e2e.web.web_world import Tenant, WebWorld
from tests.post_office import LINKS

WELL = Mood()


def sent_invoice(web: WebWorld, tenant: Tenant | None = None) -> str:
    """North's invoice, sent; its first attempt was declined. The link's token."""
    tenant = tenant or web.north
    web.call("POST", f"/invoices/{tenant.invoice_id}/send", by=tenant)
    web.run_due()
    web.clock.advance(timedelta(minutes=1))
    return token_of(web, tenant)


def token_of(web: WebWorld, tenant: Tenant, **changed: object) -> str:
    link = CustomerLink(tenant.firm_id, tenant.invoice_id, PAY, 0, web.clock.now() + LIFETIME)
    return LINKS.signer.sign(replace(link, **changed))  # type: ignore[arg-type]


def form_of(page: TestResponse) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def press(web: WebWorld, token: str, button: str, **fields: str) -> TestResponse:
    """What the page's own button does, followed nowhere."""
    form = form_of(web.http.get(f"/pay/{token}"))
    return web.http.post(f"/pay/{token}/{button}", data={"form": form, **fields})


def heading(page: TestResponse) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found
    return html.unescape(found[1])


def status_of(web: WebWorld) -> str:
    return str(web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()["status"])


def triggers(web: WebWorld) -> list[tuple[str, str]]:
    listed = web.call("GET", f"/invoices/{web.north.invoice_id}/attempts").get_json()["data"]
    return [(one["trigger"], one["status"]) for one in listed]


def default_card(web: WebWorld) -> str:
    return web.bank.cards_of(None, web.north.stripe_customer_id)[0].stripe_payment_method_id


def session_of(answer: TestResponse) -> str:
    return answer.headers["Location"].rpartition("/")[2]


def test_it_shows_the_invoice_and_what_went_wrong_in_plain_words(web: WebWorld) -> None:
    token = sent_invoice(web)

    page = web.http.get(f"/pay/{token}")

    assert page.status_code == 200
    assert heading(page) == f"Pay invoice {web.north.firm_id}-1"
    for words in ("North Ltd", "$42.00", "not enough money available", "Visa ending in 4242", "Pay $42.00 now"):
        assert words in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_its_headers_keep_it_out_of_caches_indexes_and_frames(web: WebWorld) -> None:
    page = web.http.get(f"/pay/{sent_invoice(web)}")

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Content-Language"] == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_clients_language(web: WebWorld, language: str) -> None:
    token = sent_invoice(web)
    web.call("PATCH", f"/clients/{web.north.client_id}", {"locale": language})

    page = web.http.get(f"/pay/{token}")

    assert f'<html lang="{language}"' in page.text
    assert "page." not in re.sub(r'(href|action)="[^"]*"', "", page.text)


def test_it_wears_the_firms_branding(web: WebWorld) -> None:
    look = {"display_name": "North <b>", "logo_url": "https://cdn.example.com/n.png", "accent_color": "#7a1f5b"}
    assert web.call("PUT", "/branding", look).status_code == 200

    page = web.http.get(f"/pay/{sent_invoice(web)}")

    assert "North &lt;b&gt;" in page.text
    assert "/pay/assets/accent-7a1f5b.css" in page.text
    assert "img-src https://cdn.example.com;" in page.headers["Content-Security-Policy"]
    assert web.http.get("/pay/assets/accent-7a1f5b.css").text == ":root { --accent: #7a1f5b; }\n"


@pytest.mark.parametrize("name", ["page.css", "accent-1f5f8b.css"])
def test_its_styles_are_files_of_ours(web: WebWorld, name: str) -> None:
    answer = web.http.get(f"/pay/assets/{name}")

    assert (answer.status_code, answer.content_type) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize("color", ["1f5f8", "1F5F8B", "zzzzzz", "1f5f8b;}body{"])
def test_what_is_no_colour_is_no_style(web: WebWorld, color: str) -> None:
    assert web.http.get(f"/pay/assets/accent-{color}.css").status_code == 404


def test_paying_with_the_saved_card(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.bank.set_mood(default_card(web), WELL)

    answer = press(web, token, "pay", card=default_card(web))

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/pay/{token}")
    assert heading(web.http.get(f"/pay/{token}")) == "Your payment is being processed"
    web.run_due()
    assert (status_of(web), triggers(web)) == ("paid", [("autopay", "declined"), ("customer", "succeeded")])
    assert heading(web.http.get(f"/pay/{token}")) == "This invoice is paid"


def test_paying_with_another_saved_card_makes_it_the_default(web: WebWorld) -> None:
    other = web.bank.attach_card(web.north.stripe_customer_id, WELL, brand="mastercard")
    token = sent_invoice(web)

    press(web, token, "pay", card=other)
    web.run_due()

    assert (status_of(web), default_card(web)) == ("paid", other)


def test_another_customers_card_is_not_charged(web: WebWorld) -> None:
    token = sent_invoice(web)
    foreign = web.bank.cards_of(None, web.south.stripe_customer_id)[0].stripe_payment_method_id

    for card in (foreign, "", "pm_nobody"):
        assert press(web, token, "pay", card=card).headers["Location"].endswith("?problem=not_now")
    assert triggers(web) == [("autopay", "declined")]


def test_a_double_click_charges_once(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.bank.set_mood(default_card(web), WELL)
    fields = {"form": form_of(web.http.get(f"/pay/{token}")), "card": default_card(web)}

    for _ in range(3):
        assert web.http.post(f"/pay/{token}/pay", data=fields).status_code == 303
    web.run_due()
    assert web.http.post(f"/pay/{token}/pay", data=fields).status_code == 303
    web.run_due()

    assert triggers(web) == [("autopay", "declined"), ("customer", "succeeded")]


def test_paying_on_stripes_page(web: WebWorld) -> None:
    token = sent_invoice(web)

    answer = press(web, token, "checkout")

    assert answer.status_code == 303
    assert urlsplit(answer.headers["Location"]).scheme == "https"
    assert heading(web.http.get(f"/pay/{token}")).startswith("Pay invoice")
    assert heading(web.http.get(f"/pay/{token}?returned=1")) == "Your payment is being processed"
    assert press(web, token, "checkout").headers["Location"] == answer.headers["Location"]


def test_giving_a_card_tries_it_on_return(web: WebWorld) -> None:
    token = sent_invoice(web)
    session_id = session_of(press(web, token, "card"))
    card = web.sessions.save_card(session_id)

    answer = web.http.get(f"/pay/{token}/card?session={session_id}")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/pay/{token}?returned=1")
    assert heading(web.http.get(f"/pay/{token}")) == "Your payment is being processed"
    web.run_due()
    assert (status_of(web), default_card(web)) == ("paid", card)


@pytest.mark.parametrize("session", ["", "cs_nobody", "../x", "cs_" + "x" * 300, "%00"])
def test_coming_back_with_anything_else_changes_nothing(web: WebWorld, session: str) -> None:
    token = sent_invoice(web)

    assert web.http.get(f"/pay/{token}/card?session={session}").status_code == 303
    assert heading(web.http.get(f"/pay/{token}")).startswith("Pay invoice")


def test_where_the_bank_asks_the_page_leads_to_it(web: WebWorld) -> None:
    web.bank.set_mood(default_card(web), Mood(decline_code="authentication_required"))

    page = web.http.get(f"/pay/{sent_invoice(web)}")

    assert "Confirm with your bank" in page.text
    assert "Pay $42.00 now" not in page.text


def test_a_card_that_must_not_be_tried_is_not_offered_and_fraud_is_not_told(web: WebWorld) -> None:
    web.bank.set_mood(default_card(web), Mood(decline_code="stolen_card", advice_code="do_not_try_again"))

    page = web.http.get(f"/pay/{sent_invoice(web)}")

    assert "Pay $42.00 now" not in page.text
    assert "Pay with another card" in page.text
    assert "stolen" not in page.text.lower()


def test_where_stripe_does_not_answer_the_page_stays_and_says_so(web: WebWorld) -> None:
    token = sent_invoice(web)
    form = form_of(web.http.get(f"/pay/{token}"))
    web.bank.script_reads(1)
    assert "Pay with another card" in web.http.get(f"/pay/{token}").text

    web.bank.script_reads(2)
    answer = web.http.post(f"/pay/{token}/pay", data={"form": form, "card": default_card(web)})

    assert answer.headers["Location"] == f"/pay/{token}?problem=unavailable"
    assert "did not answer" in web.http.get(answer.headers["Location"]).text


def test_a_void_invoice_has_a_friendly_page(web: WebWorld) -> None:
    token = sent_invoice(web)
    form = form_of(web.http.get(f"/pay/{token}"))
    web.call("POST", f"/invoices/{web.north.invoice_id}/void")

    assert heading(web.http.get(f"/pay/{token}")) == "This invoice was canceled"
    assert web.http.post(f"/pay/{token}/checkout", data={"form": form}).headers["Location"] == f"/pay/{token}"


def test_a_disputed_and_a_refunded_payment_have_friendly_pages(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.bank.set_mood(default_card(web), WELL)
    press(web, token, "pay", card=default_card(web))
    web.run_due()
    paid = web.http.get(f"/pay/{token}")
    assert "Amount paid" in paid.text
    assert "<button" not in paid.text
    charge = web.bank.charges()[-1]

    dispute = stripe.dispute("dp_1", charge.id, charge.stripe_payment_intent_id, web.clock.now())
    web.deliver(stripe.event("charge.dispute.created", dispute, web.clock.now()))
    assert heading(web.http.get(f"/pay/{token}")) == "Your bank is looking into a payment"

    won = {**dispute, "status": "won"}
    web.clock.advance(timedelta(days=1))
    web.deliver(stripe.event("charge.dispute.closed", won, web.clock.now()))
    web.call("POST", f"/invoices/{web.north.invoice_id}/refunds", {"amount": 4200})
    web.run_due()
    assert heading(web.http.get(f"/pay/{token}")) == "This invoice was refunded"


def test_the_page_can_be_read_in_light_and_dark(web: WebWorld) -> None:
    css = web.http.get("/pay/assets/page.css").text

    for block in re.findall(r":root \{(.*?)\}", css):
        colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for text, ground in (("ink", "page"), ("ink", "card"), ("muted", "card"), ("muted", "page"), ("alert", "card")):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
        assert contrast(colors["rule"], colors["card"]) >= 3


def test_a_held_invoice_has_a_friendly_page(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.call("POST", f"/invoices/{web.north.invoice_id}/pause")

    assert heading(web.http.get(f"/pay/{token}")) == "This invoice is on hold"


def test_an_erased_client_is_shown_nothing(web: WebWorld) -> None:
    token = sent_invoice(web)
    assert web.call("POST", f"/clients/{web.north.client_id}/erase").status_code == 200

    page = web.http.get(f"/pay/{token}")

    assert (page.status_code, heading(page)) == (410, "There is nothing to show here")
    assert "$42.00" not in page.text


def test_an_expired_link_shows_no_invoice(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.clock.advance(LIFETIME)

    page = web.http.get(f"/pay/{token}")

    assert (page.status_code, heading(page)) == (410, "This link has expired")
    assert "$42.00" not in page.text
    assert web.http.post(f"/pay/{token}/checkout").headers["Location"] == f"/pay/{token}"


def test_a_revoked_link_shows_no_invoice_and_does_nothing(web: WebWorld) -> None:
    token = sent_invoice(web)
    form = form_of(web.http.get(f"/pay/{token}"))
    revoke_links(web.ports, web.north.firm_id, web.north.invoice_id, Actor("api_key", "key_1"))

    page = web.http.get(f"/pay/{token}")
    web.http.post(f"/pay/{token}/pay", data={"form": form, "card": default_card(web)})

    assert (page.status_code, heading(page)) == (410, "This link was replaced")
    assert triggers(web) == [("autopay", "declined")]


def test_altered_foreign_and_empty_links_look_the_same(web: WebWorld) -> None:
    token = sent_invoice(web)
    mixed = token_of(web, web.north, invoice_id=web.south.invoice_id)
    other_purpose = token_of(web, web.north, purpose="pay form")

    pages = [web.http.get(f"/pay/{bad}") for bad in (token[:-1], "x" + token, "nonsense", mixed, other_purpose)]

    assert {(page.status_code, page.text.replace(page.request.path, "")) for page in pages} == {
        (404, pages[0].text.replace(pages[0].request.path, ""))
    }
    assert heading(pages[0]) == "This page does not exist"


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=500).filter(lambda text: "/" not in text))
def test_whatever_stands_in_the_address_is_answered(idle_web: WebWorld, text: str) -> None:
    for method in ("GET", "POST"):
        path = f"/pay/{quote(text, safe='', errors='replace')}" + ("/pay" if method == "POST" else "")
        assert idle_web.http.open(path, method=method).status_code in (404, 405, 308)


@pytest.mark.parametrize("button", ["pay", "checkout", "card"])
def test_a_post_without_the_pages_own_form_does_nothing(web: WebWorld, button: str) -> None:
    token = sent_invoice(web)
    other = sent_invoice(web, web.south)
    foreign_form = form_of(web.http.get(f"/pay/{other}"))

    for form in ("", "x", token, foreign_form):
        fields = {"form": form, "card": default_card(web)}
        answer = web.http.post(f"/pay/{token}/{button}", data=fields)
        assert answer.headers["Location"] == f"/pay/{token}?problem=not_now"
    assert triggers(web) == [("autopay", "declined")]


def test_a_form_of_yesterday_or_from_another_site_does_nothing(web: WebWorld) -> None:
    token = sent_invoice(web)
    fields = {"form": form_of(web.http.get(f"/pay/{token}")), "card": default_card(web)}

    crossed = web.http.post(f"/pay/{token}/pay", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    web.clock.advance(timedelta(days=1))
    late = web.http.post(f"/pay/{token}/pay", data=fields)

    for answer in (crossed, late):
        assert answer.headers["Location"] == f"/pay/{token}?problem=not_now"


def test_a_form_opens_no_page(web: WebWorld) -> None:
    form = form_of(web.http.get(f"/pay/{sent_invoice(web)}"))

    assert web.http.get(f"/pay/{form}").status_code == 404


def test_a_link_that_is_pressed_too_often_has_to_wait(web: WebWorld) -> None:
    token = sent_invoice(web)
    form = form_of(web.http.get(f"/pay/{token}"))

    answers = [web.http.post(f"/pay/{token}/card", data={"form": form}).status_code for _ in range(21)]

    assert answers == [303] * 20 + [429]
    assert web.http.get(f"/pay/{token}").status_code == 200


def test_a_link_that_is_looked_at_too_often_has_to_wait(web: WebWorld) -> None:
    token = sent_invoice(web)

    assert [web.http.get(f"/pay/{token}").status_code for _ in range(121)][-1] == 429


def test_a_client_without_a_customer_at_stripe_is_told_whom_to_ask(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.call("PATCH", f"/clients/{web.north.client_id}", {"stripe_customer_id": None})

    page = web.http.get(f"/pay/{token}")

    assert "Please contact North Ltd." in page.text
    assert "<button" not in page.text


def test_nothing_personal_is_in_the_address_or_the_page(web: WebWorld) -> None:
    token = sent_invoice(web)
    web.call("PATCH", f"/clients/{web.north.client_id}", {"email": "ann@acme.example", "company_name": "Ann Acme"})

    assert "Ann" not in token
    assert "Acme" not in web.http.get(f"/pay/{token}").text
