"""From what reviewers accepted to a bot that is live, unless it got worse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from tongshi import system
from tongshi.errors import TongshiError
from tongshi.evaluation.understanding import Comparison, compare, held_out
from tongshi.language.identify import get_identifier
from tongshi.language.text import bare
from tongshi.language.vectors import Encoder, VectorCache, get_encoder
from tongshi.nlu.pipeline import configured, prepare
from tongshi.nlu.wordings import REVIEWED, Wording, training_wordings
from tongshi.settings import LANGUAGES, Settings
from tongshi.storage.models import ACCEPTED, CORRECTED, Review
from tongshi.storage.review import ReviewStore

ALIKE = 0.95
"""Cosine from which two wordings teach the same."""


@dataclass(frozen=True)
class LeftOut:
    """An accepted message that is not learnt from, and why."""

    number: int
    wording: Wording
    why: str


@dataclass(frozen=True)
class Lesson:
    """What is to be learnt.

    Attributes:
        wordings: new ones, by the number of their review.
        left_out: what teaches nothing new, or would spoil what is measured.
    """

    wordings: dict[int, Wording] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    Attributes:
        comparison: the live bot and the new one; None where there was nothing to learn.
        live: whether the new one took its place.
        serving: whether a running system serves it from now on.
    """

    lesson: Lesson
    comparison: Comparison | None = None
    live: bool = False
    serving: bool = False


def make_lesson(
    reviews: list[Review], known: list[Wording], unseen: list[Wording], encoder: Encoder, cache: VectorCache
) -> Lesson:
    """Sort out accepted messages: near-duplicates and contradictions teach nothing, test wordings would no longer test.

    Args:
        reviews: accepted or corrected, oldest first.
        known: the wordings that the bot is trained on.
        unseen: the wordings that it is tested on.
        encoder: makes vectors of what is new.
        cache: has those of what is known.
    """
    by_text = {bare(one.text): one for one in known}
    tested = {bare(one.text) for one in unseen}
    taught, vectors = list(known), [cache.encode([prepare(one.text) for one in known])] if known else []
    lesson = Lesson()
    for review in reviews:
        wording = _wording(review)
        vector = encoder.encode([prepare(wording.text)])
        nearest, cosine = _nearest(vector, vectors, taught)
        twin = by_text.get(bare(wording.text)) or (nearest if cosine >= ALIKE else None)
        if bare(wording.text) in tested:
            why = "it is one of the wordings that the bot is tested on"
        elif not _is_plain(wording.text):
            why = "its brackets would be read as marks of an entity"
        elif twin and twin.intent != wording.intent:
            why = f"“{twin.text}” is taught as {twin.intent}: change that first, or take the same"
        elif twin:
            why = f"“{twin.text}” teaches the same already"
        else:
            lesson.wordings[review.review_id] = wording
            by_text[bare(wording.text)] = wording
            taught.append(wording)
            vectors.append(vector)
            continue
        lesson.left_out.append(LeftOut(review.review_id, wording, why))
    return lesson


def _wording(review: Review) -> Wording:
    text = " ".join(review.wording.split())
    language = review.language if review.language in LANGUAGES else get_identifier()(text).language or "en"
    return Wording(text, review.wanted, language)


def _nearest(vector: np.ndarray, vectors: list[np.ndarray], taught: list[Wording]) -> tuple[Wording | None, float]:
    if not taught:
        return None, 0.0
    cosines = np.concatenate([one @ vector[0] for one in vectors])
    place = int(cosines.argmax())
    return taught[place], float(cosines[place])


def _is_plain(text: str) -> bool:
    from tongshi.nlu.reviewed import is_plain

    return is_plain(text)


def lesson_of(settings: Settings, store: ReviewStore) -> Lesson:
    """What the accepted messages have to teach."""
    encoder = get_encoder(configured("SentenceVectorFeaturizer", "encoder") or settings.encoder)
    return make_lesson(
        _accepted(store),
        training_wordings(settings.data),
        [one for language in LANGUAGES for one in held_out(language)],
        encoder,
        VectorCache(encoder, settings.models / "vectors"),
    )


def _accepted(store: ReviewStore) -> list[Review]:
    """Messages that are to be learnt from, oldest first."""
    accepted = [one for status in (ACCEPTED, CORRECTED) for one in store.reviews(status, most=100_000)]
    return sorted(accepted, key=lambda one: one.review_id)


def _still_accepted(lesson: Lesson, store: ReviewStore) -> Lesson:
    """The part of a lesson about which nobody has changed their mind since."""
    now = {one.review_id: _wording(one) for one in _accepted(store)}
    kept = {number: wording for number, wording in lesson.wordings.items() if now.get(number) == wording}
    why = "it was decided anew during the training; `tongshi train --force` makes a bot that has not seen it"
    changed = [LeftOut(number, wording, why) for number, wording in lesson.wordings.items() if number not in kept]
    return Lesson(kept, [*lesson.left_out, *changed])


def learn(settings: Settings, store: ReviewStore, force: bool = False, say: Callable[[str], None] = lambda step: None) -> Outcome:
    """Train a bot with what was accepted, compare it with the one that is live, and put it in its place.

    Nothing in data/nlu changes, and the live bot stays, where the new one understands fewer held-out wordings of some language. What is decided
    anew meanwhile is not written there.

    Args:
        force: put it live all the same.
        say: told what is being done.

    Raises:
        TongshiError: another such training is going on, this one failed, files that the bot is trained on were changed meanwhile, or a running
            system could not load the new bot.
    """
    settings.models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.models / "candidate.lock", timeout=0):
            return _learn(settings, store, force, say)
    except Timeout as error:
        raise TongshiError("Accepted messages are being learnt from already, by another command. Wait for it to end.") from error


def _learn(settings: Settings, store: ReviewStore, force: bool, say: Callable[[str], None]) -> Outcome:
    from tongshi.nlu.reviewed import add

    files = system.bot_path(settings)
    lesson = lesson_of(settings, store)
    if not lesson.wordings:
        return Outcome(lesson)
    live = system.live_bot(settings)
    folder = settings.home / "run" / REVIEWED
    shutil.rmtree(folder, ignore_errors=True)
    say(f"Training with {len(lesson.wordings)} new wordings")
    add(folder, lesson.wordings.values())
    candidate = system.train_beside(settings, folder)
    say(f"Comparing with {live.name}")
    comparison = compare(live, candidate, settings)
    if comparison.worse and not force:
        _discard(candidate, folder)
        return Outcome(lesson, comparison)
    if system.bot_path(settings) != files:
        _discard(candidate, folder)
        raise TongshiError(
            "Files that the bot is trained on were changed during the training, so nothing was put live. Begin again."
        )
    lesson = _still_accepted(lesson, store)
    if not lesson.wordings:
        _discard(candidate, folder)
        return Outcome(lesson)
    add(settings.data / "nlu" / REVIEWED, lesson.wordings.values())
    store.set_learnt(lesson.wordings)
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(lesson, comparison, True, system.put_live(settings, candidate))


def _discard(candidate: Path, folder: Path) -> None:
    candidate.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
