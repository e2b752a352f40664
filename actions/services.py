"""What actions work with, made once a process on first use."""

from __future__ import annotations

import threading
from functools import lru_cache

from tongshi import clock
from tongshi.commerce.identity import Identity
from tongshi.commerce.ports import ShopSystem
from tongshi.conversations.continuing import make_continuations
from tongshi.conversations.handover import Handovers, SupportHours
from tongshi.language.vectors import Encoder, get_encoder
from tongshi.llm.answering import Answerer, make_answerer
from tongshi.settings import get_settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.database import get_database
from tongshi.storage.shop import make_shop


@lru_cache(maxsize=1)
def shop() -> ShopSystem:
    return make_shop(get_database())


@lru_cache(maxsize=1)
def identity() -> Identity:
    return Identity(shop(), clock.now, make_continuations(get_settings(), get_database()).prove)


@lru_cache(maxsize=1)
def conversations() -> ConversationStore:
    return ConversationStore(get_database())


@lru_cache(maxsize=1)
def handovers() -> Handovers:
    return Handovers(conversations(), SupportHours(get_settings().support_hours), clock.now)


def encoder() -> Encoder:
    return get_encoder(get_settings().encoder)


_loading = threading.Lock()


def answerer() -> Answerer:
    """What answers questions. Its first call loads for seconds: never on the event loop; a second one waits for the first."""
    with _loading:
        return _answerer()


@lru_cache(maxsize=1)
def _answerer() -> Answerer:
    return make_answerer(get_settings(), get_database())
