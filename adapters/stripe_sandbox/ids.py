"""Ids in Stripe's form, made from the file's seed and a counter: unique in a file, equal for equal seeds."""

import hashlib

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTHS = {"cus": 14, "req": 14}
_USUAL_LENGTH = 24


def make_id(prefix: str, seed: str, number: int) -> str:
    """`prefix`_ and 24 letters and digits (14 for customers and requests)."""
    digest = int.from_bytes(hashlib.sha256(f"{seed}/{prefix}/{number}".encode()).digest(), "big")
    letters = []
    for _ in range(_LENGTHS.get(prefix, _USUAL_LENGTH)):
        digest, position = divmod(digest, len(_ALPHABET))
        letters.append(_ALPHABET[position])
    return f"{prefix}_{''.join(letters)}"
