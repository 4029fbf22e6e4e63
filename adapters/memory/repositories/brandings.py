"""How firms look to their customers, in memory."""

from adapters.memory.scope import Scope
from adapters.memory.store import FirmBranding
from adapters.memory.tables import View
from domain.model.errors import Conflict
from domain.model.firms import Firm
from domain.model.notices import Branding


class MemoryBrandings:
    """The port `Brandings`."""

    def __init__(self, scope: Scope, brandings: View[str, FirmBranding], firms: View[str, Firm]) -> None:
        self._scope = scope
        self._brandings = brandings
        self._firms = firms

    def get(self, firm_id: str) -> Branding:
        """The firm's branding; see the port."""
        kept = self._brandings.get(firm_id)
        return Branding() if kept is None else kept.branding

    def save(self, firm_id: str, branding: Branding) -> None:
        """Replace it."""
        self._scope.require(firm_id)
        if self._firms.get(firm_id) is None:
            raise self._scope.failed(Conflict("firm_id: there is no such firm."))
        self._brandings.put(firm_id, FirmBranding(firm_id, branding))
