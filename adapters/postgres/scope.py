"""Whose rows a transaction may see and write."""

_SAY = "SELECT set_config('dunlin.firm_id', %s, true), set_config('dunlin.scope', %s, true)"


class Scope:
    """One transaction's reach: a firm's rows, or all of them while `firm_id` is None."""

    def __init__(self, firm_id: str | None) -> None:
        self.firm_id = firm_id

    def statement(self) -> tuple[str, list[str]]:
        """What tells the policies of row-level security, until the transaction ends."""
        return _SAY, [self.firm_id or "", "system" if self.firm_id is None else "firm"]

    def sees(self, firm_id: str | None) -> bool:
        """Whether rows of that firm (None: of nobody yet) are in reach."""
        return self.firm_id is None or self.firm_id == firm_id
