"""How to speak to a customer, by how they feel: softly where they are clearly upset, with a person offered where they stay so.

Moods are told by a model that errs (see docs/understanding.md), so only what it is sure of counts.
"""

from __future__ import annotations

from collections.abc import Sequence

UPSET = -0.8
"""Sentiment from which a message is clearly negative."""
GLAD = 0.4
"""Sentiment from which a message shows that all is well again."""
_REMEMBERED = 3
"""How many messages a mood lasts: an order number or an e-mail that follows shows none of its own."""
_OUT_OF_PATIENCE = 2
_RECENT = 6


def is_upset(sentiments: Sequence[float]) -> bool:
    """Whether a customer is clearly upset.

    Args:
        sentiments: of the customer's messages, from -1 to 1, the oldest first.
    """
    for sentiment in reversed(sentiments[-_REMEMBERED:]):
        if sentiment <= UPSET:
            return True
        if sentiment >= GLAD:
            return False
    return False


def wants_a_person(sentiments: Sequence[float]) -> bool:
    """Whether a customer is so upset that a person should be offered: by the newest message and one not long before it.

    Args:
        sentiments: of the customer's messages, from -1 to 1, the oldest first.
    """
    recent = sentiments[-_RECENT:]
    return bool(recent) and recent[-1] <= UPSET and sum(one <= UPSET for one in recent) >= _OUT_OF_PATIENCE
