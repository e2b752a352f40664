"""What helps an agent with a conversation in a language they do not speak: its messages in theirs, and all of it in a few sentences.

Both are made in the background when the agent opens the conversation, newest message first and the summary last, and kept beside the
messages; the page shows what is there, and asks again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import Response

from tongshi.conversations.scripts import writes_traditional
from tongshi.errors import Unavailable
from tongshi.language.chinese import to_traditional
from tongshi.llm.summary import Summariser
from tongshi.llm.translation import Translation, Translator
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.conversations import ConversationStore
from tongshi.storage.models import ORIGINAL, SUMMARY, TRANSLATION, Message, Rendering

_COOKIE = "tongshi_desk_language"
_AGE = 365 * 86_400
_MOST = 40
_LONGEST = 10_000
"""Characters of a message that is translated: others' wait meanwhile."""

_REPLY_SECONDS = 25.0
_REST = 30.0
_SUMMED_UP_AGAIN = 6
_OFF = "off"

log = structlog.get_logger()


@dataclass(frozen=True)
class Helped:
    """What is there for an agent to read.

    Attributes:
        translations: of messages, by their id; "" where one could not be translated.
        originals: what an agent wrote before it was translated, by the id of the message.
        summary: of the conversation; None where there is none yet, "" where none could be made.
        waiting: whether more is being made.
    """

    translations: dict[int, str] = field(default_factory=dict)
    originals: dict[int, str] = field(default_factory=dict)
    summary: str | None = None
    waiting: bool = False


class Reading:
    """Makes translations and summaries, one at a time: the language model has customers to answer as well.

    Args:
        store: where conversations are kept.
        make_translator: makes the translator, at the first need of it.
        make_summariser: makes the summariser.
    """

    def __init__(
        self, store: ConversationStore, make_translator: Callable[[], Translator], make_summariser: Callable[[], Summariser]
    ) -> None:
        self._store = store
        self._make_translator = make_translator
        self._make_summariser = make_summariser
        self._translator: Translator | None = None
        self._running: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._rest_until = 0.0
        self._failed: dict[tuple[str, str], float] = {}

    def open(self, sender: str, messages: Sequence[Message], language: str | None) -> Helped:
        """What is there of a conversation that an agent has open; what is not is begun.

        Args:
            messages: of the conversation, oldest first.
            language: the agent's; None where they read every message as it was written.
        """
        if not messages:
            return Helped()
        kept = self._store.renderings([one.message_id for one in messages], language or "")
        originals = {message_id: one.text for (message_id, kind), one in kept.items() if kind == ORIGINAL}
        if language is None:
            return Helped(originals=originals)
        there = {message_id: one for (message_id, kind), one in kept.items() if kind == TRANSLATION}
        missing = [one for one in reversed(messages) if self._is_foreign(one, language) and one.message_id not in there][:_MOST]
        summaries = {message_id: one.text for (message_id, kind), one in kept.items() if kind == SUMMARY}
        summed_up = max(summaries, default=None)
        since = sum(one.author == "customer" and one.message_id > (summed_up or 0) for one in messages)
        sum_up = summed_up is None or since >= _SUMMED_UP_AGAIN
        if missing or sum_up:
            self._begin(sender, messages, missing, language, sum_up)
        return Helped(
            {message_id: one.text if one.done else "" for message_id, one in there.items()},
            originals,
            summaries.get(summed_up),
            self._is_running(sender, language),
        )

    @staticmethod
    def _is_foreign(message: Message, language: str) -> bool:
        return bool(message.language in LANGUAGES and message.language != language and message.text.strip())

    def _is_running(self, sender: str, language: str) -> bool:
        with self._lock:
            return (sender, language) in self._running

    def _begin(self, sender: str, messages: Sequence[Message], missing: Sequence[Message], language: str, sum_up: bool) -> None:
        with self._lock:
            rests_until = max(self._rest_until, self._failed.get((sender, language), 0.0))
            if (sender, language) in self._running or time.monotonic() < rests_until:
                return
            self._failed.pop((sender, language), None)
            self._running.add((sender, language))
        work = (sender, messages, missing, language, sum_up)
        threading.Thread(target=self._make, args=work, name=f"reading {sender}", daemon=True).start()

    def _make(self, sender: str, messages: Sequence[Message], missing: Sequence[Message], language: str, sum_up: bool) -> None:
        try:
            with self._turn:
                # The summary last: it takes longest, and a model that is too slow for it may still translate.
                for message in missing:
                    if len(message.text) > _LONGEST:
                        self._keep(message.message_id, TRANSLATION, language, "", False)
                        continue
                    found = self._translate(message.text, language, message.language)
                    self._keep(message.message_id, TRANSLATION, language, found.text, found.translated)
                if sum_up:
                    self._sum_up(messages, language)
        except Unavailable as error:
            self._rest_until = time.monotonic() + _REST
            log.warning("desk.reading_unavailable", error=str(error), hint="see `tongshi llm serve` and TONGSHI_LLM_URL")
        except Exception:
            # The page asks again every few seconds; others' conversations need not wait for this one.
            with self._lock:
                self._failed[sender, language] = time.monotonic() + _REST
            log.exception("desk.reading_failed")
        finally:
            with self._lock:
                self._running.discard((sender, language))

    def _sum_up(self, messages: Sequence[Message], language: str) -> None:
        spoken = next((one.language for one in reversed(messages) if one.language in LANGUAGES), language)
        text = self._make_summariser().summarise(messages, spoken, language)
        self._keep(_last_asked(messages), SUMMARY, language, text, bool(text))

    def _translate(self, text: str, language: str, source: str | None, **options: float) -> Translation:
        self._translator = self._translator or self._make_translator()
        found = self._translator.translate(text, language, source, **options)
        if not found.translated and not found.engine:
            raise Unavailable(found.problems[-1])
        return found

    def _keep(self, message_id: int, kind: str, language: str, text: str, done: bool) -> None:
        self._store.keep_rendering(Rendering(message_id=message_id, kind=kind, language=language, text=text, done=done))

    def reply(self, text: str, messages: Sequence[Message], language: str, source: str) -> Translation:
        """What an agent wrote in the customer's language, for them to look at before it is sent.

        Args:
            text: in the agent's language, or any other.
            messages: of the conversation; who writes traditional characters is answered in them.
            language: the customer's.
            source: the agent's.

        Raises:
            Unavailable: nothing that translates answers.
        """
        found = self._translate(text, language, source, seconds=_REPLY_SECONDS)
        if found.translated and language == "zh" and writes_traditional(messages):
            return Translation(to_traditional(found.text), "zh", source, True, (), found.doubts, found.draft, found.engine)
        return found

    def keep_original(self, message_id: int, text: str, language: str) -> None:
        """What an agent wrote before it was translated and sent."""
        self._keep(message_id, ORIGINAL, language, text, True)


def _last_asked(messages: Sequence[Message]) -> int:
    """The customer's last message: what the conversation is summed up to."""
    return next((one.message_id for one in reversed(messages) if one.author == "customer"), messages[-1].message_id)


def agent_language(request: Request, settings: Settings) -> str | None:
    """The language that an agent reads in: what they chose, else the settings'; None where they want messages as they were written."""
    language = request.cookies.get(_COOKIE, settings.language)
    return language if language in LANGUAGES else None


def keep_agent_language(response: Response, language: str) -> None:
    """Remember it in the agent's browser; what is none of the twelve is taken for a wish to read messages as they were written."""
    value = language if language in LANGUAGES else _OFF
    response.set_cookie(_COOKIE, value, max_age=_AGE, httponly=True, samesite="lax")
