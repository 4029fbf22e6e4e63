"""What PostgreSQL's errors mean to the ports."""

import psycopg
from sqlalchemy import exc

from domain.model.errors import Conflict
from ports.unit_of_work import SerializationConflict, StorageUnavailable

_RUN_AGAIN = frozenset(["40001", "40P01"])
# Connection lost, resources exhausted (disk full), shutdown or restart, input or output failed; a server that became a
# replica; a statement, lock or idle transaction that took too long. Source: PostgreSQL's manual, appendix A.
_DOWN_CLASSES = frozenset(["08", "53", "58"])
_DOWN = frozenset(["25006", "25P03", "40003", "55P03", "57014", "57P01", "57P02", "57P03", "57P05"])
_NO_ROLE = frozenset(["22023", "42501"])

_TAKEN = {
    "firms_pkey": "id: this firm exists already.",
    "firms_stripe_account_key": "stripe_account: this Stripe account belongs to another firm already.",
    "api_keys_pkey": "id: this API key exists already.",
    "api_keys_prefix_key": "prefix: another API key begins with the same letters. Make a new one.",
    "clients_pkey": "id: this client exists already.",
    "clients_stripe_customer_id_key": "stripe_customer_id: this Stripe customer is another client's already.",
    "invoices_pkey": "id: this invoice exists already.",
    "invoices_number_key": "number: another invoice has this number already. Choose another.",
    "invoices_given_payment_intent_id_key": (
        "stripe_payment_intent_id: this PaymentIntent belongs to another invoice already."
    ),
    "invoices_stripe_invoice_id_key": "stripe_invoice_id: this Stripe invoice belongs to another invoice already.",
    "attempts_one_open": "Another attempt of this invoice is still open; its outcome comes first.",
    "attempts_idempotency_key_key": "idempotency_key: another attempt has this key already.",
    "dispute_notes_pkey": "version: this note has been edited in between. Read it again.",
    "dispute_notes_firm_id_dispute_id_fkey": "dispute_id: there is no such dispute in this firm.",
    "notices_once_each": "cause_key: there is a notice of this stage for this cause already.",
    "notices_firm_id_client_id_fkey": "client_id: there is no such client in this firm.",
    "brandings_firm_id_fkey": "firm_id: there is no such firm.",
    "api_keys_firm_id_fkey": "firm_id: there is no such firm.",
    "clients_firm_id_fkey": "firm_id: there is no such firm.",
    "webhook_endpoints_firm_id_fkey": "firm_id: there is no such firm.",
    "invoices_firm_id_client_id_fkey": "client_id: there is no such client in this firm.",
}


def in_our_words(error: Exception) -> Exception:
    """What the ports call this error of the driver, of SQLAlchemy or of the pool; itself when they have no word."""
    if isinstance(error, exc.TimeoutError):
        return StorageUnavailable("All connections to the database are in use. Try again later.")
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if not isinstance(cause, psycopg.Error):
        return error
    state = cause.sqlstate or ""
    if state in _RUN_AGAIN:
        return SerializationConflict(f"The database asks to run this again ({state}).")
    if state in _DOWN or state[:2] in _DOWN_CLASSES:
        return StorageUnavailable(f"The database did not take the work ({state}). Try again later.")
    if cause.diag.constraint_name in _TAKEN:
        return Conflict(_TAKEN[cause.diag.constraint_name])
    if isinstance(cause, psycopg.OperationalError) and not state:
        return StorageUnavailable("The database does not answer. Check that it runs and that DATABASE_URL is right.")
    return error


def was_dead_in_the_pool(error: Exception) -> bool:
    """Whether a connection that was open before turned out to be dead, so that a new one may fare better.

    What fails while connecting comes through SQLAlchemy, in words of its own.
    """
    return isinstance(error, psycopg.OperationalError) and isinstance(in_our_words(error), StorageUnavailable)
