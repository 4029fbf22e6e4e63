"""What changed between two states of an object, as Stripe's events tell it."""

from adapters.stripe_sandbox.values import Json


def previous_values(before: Json, after: Json) -> Json:
    """The old values of the members that differ; inside a hash only those of its members that differ."""
    changed: Json = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        both_hashes = isinstance(old, dict) and isinstance(new, dict)
        changed[name] = previous_values(old, new) if both_hashes and old and new else old
    return dict(sorted(changed.items()))
