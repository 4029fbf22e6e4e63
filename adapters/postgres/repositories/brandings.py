"""How firms look to their customers."""

from adapters.postgres.line import Line
from adapters.postgres.rows.brandings import branding_json, branding_of
from adapters.postgres.rows.values import as_json
from domain.model.notices import Branding

_OF_FIRM = "SELECT branding FROM brandings WHERE firm_id = %(firm)s"
_SAVE = """
INSERT INTO brandings (firm_id, branding) VALUES (%(firm)s, %(branding)s::jsonb)
ON CONFLICT (firm_id) DO UPDATE SET branding = excluded.branding
"""


class PostgresBrandings:
    """The port `Brandings`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def get(self, firm_id: str) -> Branding:
        """The firm's branding; see the port."""
        rows = self._line.ask(_OF_FIRM, {"firm": firm_id})
        return branding_of(rows[0]["branding"]) if rows else Branding()

    def save(self, firm_id: str, branding: Branding) -> None:
        """Replace it."""
        self._line.require(firm_id)
        self._line.ask(_SAVE, {"firm": firm_id, "branding": as_json(branding_json(branding))})
