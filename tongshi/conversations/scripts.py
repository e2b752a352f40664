"""Which characters a customer writes Chinese in."""

from __future__ import annotations

from collections.abc import Sequence

from tongshi.language.identify import is_traditional
from tongshi.storage.models import Message

PRESSED = "pressed"
"""Marks a customer's message whose words stood on a button, so that it tells nothing of how they write."""


def writes_traditional(messages: Sequence[Message]) -> bool:
    """Whether a conversation's customer writes traditional characters, by the newest message that tells: a short one may have none that differs.

    Args:
        messages: of the conversation, oldest first; also what others said.
    """
    theirs = (one for one in reversed(messages) if one.author == "customer" and not one.extras.get(PRESSED))
    found = (is_traditional(one.text) for one in theirs)
    return next((one for one in found if one is not None), False)
