"""Stripe's lists: newest first, cursors by id, filters by time."""

from dataclasses import dataclass

from adapters.stripe_sandbox.errors import invalid_parameter, invalid_request
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

USUAL_LIMIT = 10
LARGEST_LIMIT = 100
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass
class Conditions:
    """SQL conditions on `objects`, joined by AND."""

    parts: list[str]
    values: list[object]

    def add(self, part: str, *values: object) -> None:
        """One more condition."""
        self.parts.append(part)
        self.values.extend(values)


def conditions_for(kind: str, params: Json, columns: tuple[str, ...] = (), *, label: str | None = None) -> Conditions:
    """Conditions from the parameter `created` and from those that are columns (`customer`, `payment_intent`).

    `label` names the parameter whose value these objects were saved with as their label.
    """
    conditions = Conditions(["kind = ?"], [kind])
    for column in columns:
        if params.get(column):
            conditions.add(f"{column} = ?", params[column])
    if label is not None and params.get(label):
        conditions.add("label = ?", params[label])
    created = params.get("created")
    if isinstance(created, int):
        conditions.add("created = ?", created)
    elif isinstance(created, dict):
        for name, value in created.items():
            if value != "":
                conditions.add(f"created {_COMPARISONS[name]} ?", value)
    return conditions


def list_page(world: World, kind: str, params: Json, conditions: Conditions, *, url: str) -> Json:
    """A page of objects with has_more. Raises ApiError 400 for a bad limit or an unknown cursor."""
    limit = _limit(params)
    newest_first = True
    if params.get("starting_after") and params.get("ending_before"):
        raise invalid_request("You may only specify one of these parameters: ending_before, starting_after.")
    if params.get("starting_after"):
        conditions.add("sequence < ?", _position(world, kind, params["starting_after"], "starting_after"))
    elif params.get("ending_before"):
        conditions.add("sequence > ?", _position(world, kind, params["ending_before"], "ending_before"))
        newest_first = False
    order = f"sequence {'DESC' if newest_first else 'ASC'} LIMIT {limit + 1}"
    rows = world.select(" AND ".join(conditions.parts), conditions.values, order=order)
    page = rows[:limit]
    return {
        "object": "list",
        "data": page if newest_first else page[::-1],
        "has_more": len(rows) > limit,
        "url": url,
    }


def empty_list(url: str) -> Json:
    """A list with nothing in it."""
    return {"object": "list", "data": [], "has_more": False, "url": url}


def _limit(params: Json) -> int:
    limit = params.get("limit", USUAL_LIMIT)
    if limit == "":
        return USUAL_LIMIT
    if not 1 <= limit <= LARGEST_LIMIT:
        edge = "greater than or equal to 1" if limit < 1 else f"less than or equal to {LARGEST_LIMIT}"
        message = f"This value must be {edge}."
        raise invalid_parameter(message, param="limit", code="parameter_invalid_integer")
    return int(limit)


def _position(world: World, kind: str, wanted: str, param: str) -> int:
    world.get(kind, wanted, param=param)
    row = world.connection.execute(
        "SELECT sequence FROM objects WHERE account = ? AND kind = ? AND id = ?", (world.account, kind, wanted)
    ).fetchone()
    return int(row[0])
