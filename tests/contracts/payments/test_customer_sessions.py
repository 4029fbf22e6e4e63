"""`ports.customer_sessions`, over the bank in memory and over the sandbox."""

from dataclasses import replace
from datetime import timedelta

from adapters.memory.bank_values import Trouble
from domain.model.answers import Absent, NotReached, Refused, Unknown
from ports.customer_sessions import CardOrder, CustomerSession, PaymentOrder, PaymentSearch, SessionStatus
from tests.contracts.payments.banks import NOW, Bank

BACK = "https://dunlin.example/pay/token"


def card_order(bank: Bank) -> CardOrder:
    return CardOrder("inv_1", bank.customer(), BACK, BACK, "de")


def payment_order(bank: Bank) -> PaymentOrder:
    later = NOW + timedelta(hours=1)
    return PaymentOrder("att_1", "inv_1", "Invoice 1", 5000, "usd", bank.customer(), BACK, BACK, "en", later)


def search(order: PaymentOrder) -> PaymentSearch:
    return PaymentSearch(order.attempt_id, order.stripe_customer_id, NOW)


def opened(answer: object) -> CustomerSession:
    assert isinstance(answer, CustomerSession), answer
    return answer


def test_a_page_for_a_card_is_open_and_the_customers(bank: Bank) -> None:
    order = card_order(bank)

    page = opened(bank.sessions.card_session(bank.account, order))

    assert (page.status, page.invoice_id, page.stripe_customer_id) == (
        SessionStatus.OPEN,
        "inv_1",
        order.stripe_customer_id,
    )
    assert page.url
    assert page.stripe_payment_method_id is None
    assert bank.sessions.read(bank.account, page.id) == page


def test_a_card_given_on_the_page_is_told_and_can_be_made_the_default(bank: Bank) -> None:
    order = card_order(bank)
    page = opened(bank.sessions.card_session(bank.account, order))
    bank.card(order.stripe_customer_id, is_default=True)

    bank.use_page(page)

    done = opened(bank.sessions.read(bank.account, page.id))
    assert (done.status, done.url) == (SessionStatus.COMPLETE, None)
    assert done.stripe_payment_method_id
    made = bank.sessions.make_default(bank.account, order.stripe_customer_id, done.stripe_payment_method_id)
    assert made is None
    card = bank.card_file.default_card(bank.account, order.stripe_customer_id)
    assert card is not None
    assert card.stripe_payment_method_id == done.stripe_payment_method_id


def test_another_customers_card_cannot_be_made_the_default(bank: Bank) -> None:
    card = bank.card(bank.customer())

    assert isinstance(bank.sessions.make_default(bank.account, bank.customer(), card), Refused)


def test_equal_orders_give_one_payment_page(bank: Bank) -> None:
    order = payment_order(bank)

    first = opened(bank.sessions.pay_session(bank.account, order))
    again = opened(bank.sessions.pay_session(bank.account, order))

    assert first == again
    assert bank.sessions.find_payment(bank.account, search(order)) == first


def test_a_payment_on_the_page_is_a_charge_of_the_attempt(bank: Bank) -> None:
    page = opened(bank.sessions.pay_session(bank.account, payment_order(bank)))

    bank.use_page(page, is_well=False)
    assert opened(bank.sessions.read(bank.account, page.id)).status is SessionStatus.OPEN
    bank.use_page(page)

    assert opened(bank.sessions.read(bank.account, page.id)).status is SessionStatus.COMPLETE
    assert [(charge.attempt_id, charge.status, charge.amount_minor) for charge in bank.charges()][-1] == (
        "att_1",
        "succeeded",
        5000,
    )


def test_an_expired_page_is_closed_for_good_and_expiring_again_changes_nothing(bank: Bank) -> None:
    page = opened(bank.sessions.pay_session(bank.account, payment_order(bank)))

    for _ in range(2):
        over = opened(bank.sessions.expire(bank.account, page.id))
        assert (over.status, over.url) == (SessionStatus.EXPIRED, None)


def test_a_page_on_which_the_customer_was_faster_is_not_expired(bank: Bank) -> None:
    page = opened(bank.sessions.pay_session(bank.account, payment_order(bank)))
    bank.use_page(page)

    assert opened(bank.sessions.expire(bank.account, page.id)).status is SessionStatus.COMPLETE


def test_what_was_never_opened_is_absent(bank: Bank) -> None:
    order = payment_order(bank)
    opened(bank.sessions.pay_session(bank.account, order))

    assert bank.sessions.find_payment(bank.account, replace(search(order), attempt_id="att_2")) == Absent()
    assert bank.sessions.read(bank.account, "cs_test_nobody") == Absent()
    assert bank.sessions.expire(bank.account, "cs_test_nobody") == Absent()


def test_an_unknown_customer_is_refused(bank: Bank) -> None:
    order = replace(payment_order(bank), stripe_customer_id="cus_nobody")

    assert isinstance(bank.sessions.pay_session(bank.account, order), Refused)


def test_a_page_whose_answer_was_lost_is_found(bank: Bank) -> None:
    order = payment_order(bank)
    bank.trouble(Trouble.ANSWER_LOST)

    assert isinstance(bank.sessions.pay_session(bank.account, order), Unknown)
    assert opened(bank.sessions.find_payment(bank.account, search(order))).status is SessionStatus.OPEN


def test_what_is_not_reached_is_said_and_not_raised(bank: Bank) -> None:
    order = payment_order(bank)

    with bank.unreachable():
        assert isinstance(bank.sessions.pay_session(bank.account, order), NotReached)
    with bank.unreachable():
        assert isinstance(bank.sessions.read(bank.account, "cs_1"), NotReached)
    with bank.unreachable():
        assert isinstance(bank.sessions.find_payment(bank.account, search(order)), NotReached)
    with bank.unreachable():
        assert isinstance(bank.sessions.expire(bank.account, "cs_1"), NotReached)
    with bank.unreachable():
        assert isinstance(bank.sessions.make_default(bank.account, "cus_1", "pm_1"), NotReached)
