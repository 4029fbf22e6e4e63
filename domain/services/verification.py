"""Holding the audit log against its seals, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.model.errors import Conflict, NotFound
from domain.model.seal_checks import Broken, Damage, Finding, Listed, check_sealed, check_unsealed
from domain.model.seals import AuditRow, Checkpoint, Seal
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.checkpoints import Checkpoints

PAGE = 5_000
_FIRST = -(2**63)
_LAST = 2**63 - 1


@dataclass(frozen=True)
class Verdict:
    """What became of holding a firm's audit log against its seals: `finding` is the first thing that does not hold."""

    firm_id: str
    seals_count: int = 0
    sealed_count: int = 0
    unsealed_count: int = 0
    checkpoint: Checkpoint | None = None
    finding: Finding | None = None


def verify_audit(ports: Ports, checkpoints: Checkpoints, firm_id: str | None = None) -> Iterator[Verdict]:
    """A verdict for each firm (or the one), in turn. Reads page by page; nothing is locked or written.

    Raises `NotFound` and `CheckpointsUnavailable`.
    """
    known = checkpoints.all()  # before the seals: the sealer writes them after
    ids = [firm.id for firm in in_system(ports, lambda step: step.tx.firms.all())]
    if firm_id is not None and firm_id not in {*ids, *known}:
        raise NotFound("firm", firm_id)
    wanted = ids if firm_id is None else [one for one in ids if one == firm_id]
    for one in wanted:
        yield _verdict(ports, one, known.get(one), None)
    yield from (_gone(one) for one in known.values() if one.firm_id not in ids and firm_id in (None, one.firm_id))


def verify_firm(ports: Ports, checkpoints: Checkpoints, firm_id: str, *, rows_max: int) -> Verdict:
    """One firm's verdict, for a caller that waits. Raises `Conflict` for a log of more than `rows_max` rows."""
    return _verdict(ports, firm_id, checkpoints.all().get(firm_id), rows_max)


def _gone(checkpoint: Checkpoint) -> Verdict:
    text = f"The firm is not in the database any more, with all of its {checkpoint.number} seals."
    return Verdict(checkpoint.firm_id, checkpoint=checkpoint, finding=Finding(Damage.CUT_OFF, text, seal_number=1))


def _verdict(ports: Ports, firm_id: str, checkpoint: Checkpoint | None, rows_max: int | None) -> Verdict:
    newest = in_firm(ports, firm_id, lambda step: step.tx.seals.newest())
    up_to = newest.number if newest else 0
    next_transaction = in_firm(ports, firm_id, lambda step: step.tx.seals.next_transaction())
    try:
        held = check_sealed(_seals(ports, firm_id, up_to), _listed(ports, firm_id, up_to, rows_max), checkpoint)
        _refuse_strays(ports, firm_id, up_to)
        rows = _unsealed(ports, firm_id)
        unsealed_count = check_unsealed(rows, held.newest, next_transaction=next_transaction)
    except Broken as broken:
        return Verdict(firm_id, checkpoint=checkpoint, finding=broken.finding)
    return Verdict(firm_id, up_to, held.sealed_count, unsealed_count, checkpoint)


def _seals(ports: Ports, firm_id: str, up_to: int) -> Iterator[Seal]:
    """The seals up to the one that was newest at first; from the lowest number, whatever it is."""
    after = _FIRST
    while after < up_to:
        page = _seal_page(ports, firm_id, after)
        yield from (seal for seal in page if seal.number <= up_to)
        after = page[-1].number if page else up_to


def _listed(ports: Ports, firm_id: str, up_to: int, rows_max: int | None) -> Iterator[Listed]:
    after, count = (_FIRST, _FIRST), 0
    while True:
        page = _listed_page(ports, firm_id, after, up_to)
        count += len(page)
        if rows_max is not None and count > rows_max:
            raise Conflict(f"There are more than {rows_max} sealed rows: run `dunlin audit verify --firm {firm_id}`.")
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].seal_number, page[-1].entry.position)


def _refuse_strays(ports: Ports, firm_id: str, up_to: int) -> None:
    """Entries whose seal is not there. One that was made in the meantime is seen together with its entries."""

    def look(step: Step) -> int | None:
        stray = step.tx.seals.listed((up_to, _LAST), _LAST, 1)
        return stray[0].seal_number if stray and step.tx.seals.get(stray[0].seal_number) is None else None

    number = in_firm(ports, firm_id, look)
    if number is not None:
        raise Broken(Finding(Damage.SEAL_MISSING, f"Seal {number} is missing.", seal_number=number))


def _unsealed(ports: Ports, firm_id: str) -> Iterator[AuditRow]:
    after: int | None = _FIRST
    while after is not None:
        rows, after = _unsealed_page(ports, firm_id, after)
        yield from rows


def _seal_page(ports: Ports, firm_id: str, after: int) -> Sequence[Seal]:
    return in_firm(ports, firm_id, lambda step: step.tx.seals.page(after, PAGE))


def _listed_page(ports: Ports, firm_id: str, after: tuple[int, int], up_to: int) -> Sequence[Listed]:
    return in_firm(ports, firm_id, lambda step: step.tx.seals.listed(after, up_to, PAGE))


def _unsealed_page(ports: Ports, firm_id: str, after: int) -> tuple[Sequence[AuditRow], int | None]:
    return in_firm(ports, firm_id, lambda step: step.tx.seals.unsealed(after, PAGE))
