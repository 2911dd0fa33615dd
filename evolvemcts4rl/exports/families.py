"""Which problems are held out: a seed and all that evolved from it, together."""

from __future__ import annotations

from hashlib import blake2b


def family_of(question_id: str) -> str:
    """Return the id of the seed from which a problem evolved; a seed's own."""
    seed, mark, number = question_id.rpartition("-r")  # what evolution adds to the id of a seed
    return seed if mark and number.isascii() and number.isdigit() else question_id


def is_held_out(question_id: str, test_share: float) -> bool:
    """Return whether a problem's family is among the share that is held out.

    It depends on the seed's id alone, so that it stays when a run grows.
    """
    digest = blake2b(family_of(question_id).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < test_share * 2**64
