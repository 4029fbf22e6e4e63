"""The banks that the contracts of payments run over."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.contracts.payments.banks import Bank, BankInMemory, bank_over_http

NewBank = Callable[[str | None], Bank]
_numbers = count(1)


@pytest.fixture(scope="module")
def new_bank_over_http() -> Iterator[NewBank]:
    with bank_over_http() as new_bank:
        yield new_bank


@pytest.fixture(params=["memory", "sandbox"])
def bank(request: pytest.FixtureRequest) -> Bank:
    """Each test has an account of its own, and so a bank without a past."""
    account = f"acct_{next(_numbers)}"
    if request.param == "memory":
        return BankInMemory(account)
    new_bank: NewBank = request.getfixturevalue("new_bank_over_http")
    return new_bank(account)
