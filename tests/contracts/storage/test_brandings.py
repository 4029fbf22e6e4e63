"""`ports.notice_repositories.Brandings`."""

import pytest

from domain.model.errors import Conflict
from domain.model.notices import Branding, NoticeStage, Wording
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, OTHER_FIRM_ID
from tests.storage import in_firm, in_system

BRANDING = Branding(
    display_name="Nørth & Söhne",
    logo_url="https://north.example/logo.png",
    accent_color="#123456",
    reply_to="billing@north.example",
    footer="North Ltd\nLondon",
    default_language="de-AT",
    wordings={
        (NoticeStage.RECEIPT, "de"): Wording(subject="Danke für {{amount}}"),
        (NoticeStage.RECEIPT, "en"): Wording(heading="Thanks", body="One.\n\nTwo."),
        (NoticeStage.FINAL_NOTICE, "de"): Wording(body="Bitte."),
    },
)


def test_a_firm_that_set_none_has_the_plain_branding(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.brandings.get(FIRM_ID)) == Branding()


def test_a_branding_comes_back_as_it_was_saved(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.brandings.save(FIRM_ID, BRANDING))

    assert in_firm(uow, lambda tx: tx.brandings.get(FIRM_ID)) == BRANDING
    assert in_system(uow, lambda tx: tx.brandings.get(FIRM_ID)) == BRANDING


def test_a_saved_branding_replaces_all_of_the_one_before(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.brandings.save(FIRM_ID, BRANDING))

    in_firm(uow, lambda tx: tx.brandings.save(FIRM_ID, Branding(accent_color="#000000")))

    assert in_firm(uow, lambda tx: tx.brandings.get(FIRM_ID)) == Branding(accent_color="#000000")


def test_a_branding_is_its_firms_alone(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.brandings.save(FIRM_ID, BRANDING))

    assert in_firm(uow, lambda tx: tx.brandings.get(OTHER_FIRM_ID), firm_id=OTHER_FIRM_ID) == Branding()
    assert in_firm(uow, lambda tx: tx.brandings.get(FIRM_ID), firm_id=OTHER_FIRM_ID) == Branding()
    with pytest.raises(WrongFirm):
        in_firm(uow, lambda tx: tx.brandings.save(FIRM_ID, Branding()), firm_id=OTHER_FIRM_ID)


def test_a_branding_needs_its_firm(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^firm_id: "):
        in_firm(uow, lambda tx: tx.brandings.save("frm_none", Branding()), firm_id="frm_none")
