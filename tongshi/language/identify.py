"""Which language is a message in?

Scripts decide where they can. Between languages of one script two classifiers are heard together: fastText's lid.176, which knows the
world's languages from long texts, and one trained here on the project's own chat wordings, which knows how customers write. A language
outside the twelve is reported only where lid.176 is sure of it over a text that is long enough.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np
import regex
import yaml
from anyascii import anyascii
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from tongshi import weights
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.language.text import fold, scripts
from tongshi.settings import LANGUAGES, Settings, get_settings

_SURE_OF_LATIN = 0.6
_SURE_OF_SPELLING = 0.8
LATIN = ("de", "en", "es", "fr", "it", "pt")
_NO_LANGUAGE = regex.compile(
    r"""[a-z0-9._%+\-]+\s?@\s?[a-z0-9.\-]+ | https?://[!-~]+ | \b[a-z]{2,4}[\s._\-–—#]*\d[\d\s\-]{2,} | \d+ | [^\p{L}\p{M}\s'’]""",
    regex.X | regex.I,
)
# Figures that stand for letters in Arabic typed in Latin ones: 3ayez, bta3y, sama3at; but not 3rd, 2x, mp3.
_ARABIZI = regex.compile(r"(?<![\w@.-])(?:[a-z]+[23579]+[a-z]+[23579]?[a-z]*|[23579][a-z]{3,}|[a-z]{4,}[37])(?![\w@.-])", regex.I)
_SPANISH = regex.compile(r"[¿¡]")
# A character of these says as much as several letters: 防水吗 after a product's English name is a whole question.
_WEIGHT = {"Han": 2, "Kana": 2, "Hangul": 2}
_NEUTRAL = {
    "ok",
    "okay",
    "oke",
    "k",
    "hm",
    "hmm",
    "hmmm",
    "haha",
    "hahaha",
    "lol",
    "xd",
    "wow",
    "oh",
    "ah",
    "md",
    "rt",
    "pls",
    "app",
}


@dataclass(frozen=True)
class Identification:
    """What one message says about its language.

    Attributes:
        language: one of the twelve, or None where the message tells nothing.
        confidence: 0 to 1; for a language outside the twelve that of `outside`.
        outside: ISO 639 code of a language that the agent does not speak, or None.
        traditional: whether Chinese is written in traditional characters; None where its characters are the same in both.
    """

    language: str | None
    confidence: float
    outside: str | None = None
    traditional: bool | None = None


NOTHING = Identification(None, 0.0)


class LanguageIdentifier:
    """Identifies the language of short messages.

    Args:
        world: path of fastText's lid.176.
        chat: path of the classifier trained on chat wordings.
        romanised: path of the one that knows languages of other scripts in Latin letters.
    """

    def __init__(self, world: Path, chat: Path, romanised: Path) -> None:
        import fasttext

        # fastText warns on standard error for each file it loads; its own switch for that.
        fasttext.FastText.eprint = lambda *_: None
        self._world = fasttext.load_model(str(world))
        self._chat = joblib.load(chat)
        self._romanised = joblib.load(romanised)

    def __call__(self, text: str) -> Identification:
        """Identify one message; e-mails, addresses, codes and figures in it are not looked at."""
        words = " ".join(_NO_LANGUAGE.sub(" ", text).split())
        counts = scripts(words)
        letters = sum(counts.values())
        if not letters or fold(words) in _NEUTRAL or (letters == 1 and counts["Latin"]):
            return NOTHING
        foreign = {name: count * _WEIGHT.get(name, 1) for name, count in counts.items() if name != "Latin"}
        if foreign and sum(foreign.values()) >= 0.25 * (counts["Latin"] + sum(foreign.values())):
            return self._by_script(words, counts, max(foreign, key=foreign.get))
        if _SPANISH.search(text):
            return Identification("es", 1.0)
        if len(_ARABIZI.findall(text)) >= 2:
            return Identification("ar", 0.9)
        return self._latin(words, letters)

    def _by_script(self, words: str, counts, script: str) -> Identification:
        if script in ("Han", "Kana"):
            han, kana = counts["Han"], counts["Kana"]
            if kana and kana >= 0.1 * (han + kana):
                return Identification("ja", min(1.0, 0.85 + 0.05 * kana))
            probabilities = self._chat_probabilities(words)
            if probabilities.get("ja", 0) > 0.8 and han <= 8:
                return Identification("ja", 0.6)
            # Two or three characters may be either language's: too little to switch on.
            return Identification("zh", 0.95 if han > 3 else 0.7, traditional=is_traditional(words))
        if script == "Hangul":
            return Identification("ko", 1.0)
        if script == "Thai":
            return Identification("th", 1.0)
        expected = {"Arabic": "ar", "Cyrillic": "ru"}.get(script)
        label, probability = self._world_best(words)
        if expected and label == expected:
            return Identification(expected, 1.0)
        if (
            label not in LANGUAGES
            and probability > 0.75
            and counts[script] >= 12
            and (not expected or self._distinct(words, script))
        ):
            return Identification(None, probability, outside=label)
        return Identification(expected, 0.9) if expected else Identification(None, 0.0)

    @staticmethod
    def _distinct(words: str, script: str) -> bool:
        """Letters that Russian or Arabic do not have; without them a neighbour's name for it is not believed."""
        pattern = {"Cyrillic": "[іїєґўђјљњћџѓќқңғүұһө]", "Arabic": "[پچژگکیٹڈڑںےۓېۀ]"}[script]
        return bool(regex.search(pattern, words.lower()))

    def _latin(self, words: str, letters: int) -> Identification:
        world, probability = self._world_best(words)
        chat = self._chat_probabilities(words)
        share = {label: value for label, value in zip(*self._world_all(words)) if label in LATIN}
        # Both classifiers' log-probabilities added; the floor keeps one from vetoing the other.
        joint = {label: (share.get(label, 0) + 0.02) * (chat.get(label, 0) + 0.01) for label in LATIN}
        total = sum(joint.values())
        best = max(joint, key=joint.get)
        confidence = joint[best] / total
        long_enough = letters >= 12 and len(words.split()) >= 3
        if letters >= 7 and (spelled := self._by_latin_letters(words, probability)):
            return spelled
        if world not in LANGUAGES and probability > 0.85 and long_enough and chat.get(best, 0) < 0.97:
            return Identification(None, probability, outside=world)
        return Identification(best, confidence)

    def _by_latin_letters(self, words: str, probability: float) -> Identification | None:
        """A language of another script typed in Latin letters, where nothing speaks for one that is written so.

        Args:
            probability: how sure lid.176, which knows no such spellings, is of a language.
        """
        if len(words.split()) < 2 or probability > _SURE_OF_LATIN:
            return None
        spellings = _probabilities(self._romanised, words)
        label = max(spellings, key=spellings.get)
        return Identification(label, spellings[label]) if label != "latin" and spellings[label] >= _SURE_OF_SPELLING else None

    def _world_best(self, words: str) -> tuple[str, float]:
        labels, values = self._world_all(words)
        return (labels[0], values[0]) if labels else ("", 0.0)

    def _world_all(self, words: str) -> tuple[list[str], list[float]]:
        labels, values = self._world.predict(words.lower(), k=12)
        return [label.removeprefix("__label__") for label in labels], [float(value) for value in values]

    def _chat_probabilities(self, words: str) -> dict[str, float]:
        return _probabilities(self._chat, words)


def _probabilities(classifier: Pipeline, words: str) -> dict[str, float]:
    """What a classifier thinks of a text, by label."""
    return dict(zip(classifier.classes_, classifier.predict_proba([words.lower()])[0].tolist()))


def is_traditional(text: str) -> bool | None:
    """Which characters Chinese text is written in: traditional (True), simplified (False), or the same in both (None)."""
    traditional = sum(before != after for before, after in zip(text, to_simplified(text)))
    simplified = sum(before != after for before, after in zip(text, to_traditional(text)))
    return None if traditional == simplified == 0 else traditional > simplified


Wordings = dict[str, list[str]]
"""What customers say, by language."""


def _chat_examples(wordings: Wordings) -> Iterator[tuple[str, str]]:
    """Pairs of language and text, as they were written."""
    return ((language, text) for language, texts in wordings.items() for text in texts)


def _romanised_examples(wordings: Wordings) -> Iterator[tuple[str, str]]:
    """Pairs of language, or `latin`, and text in Latin letters: a few wordings were written so, the others are spelled so here."""
    for language, text in _chat_examples(wordings):
        spelled = text if set(scripts(text)) <= {"Latin"} else _in_latin_letters(text, language)
        if spelled:
            yield "latin" if language in LATIN else language, spelled


def _trained(name: str, examples_of: Callable[[Wordings], Iterable[tuple[str, str]]], wordings: Wordings, folder: Path) -> Path:
    """A classifier of texts, trained on examples made of the wordings unless it is there already.

    Args:
        folder: where it is kept, named after a hash of the wordings and of this module, which makes the examples.

    Returns:
        The model's path. Training takes a few seconds and about 100 MB.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes() + json.dumps(wordings).encode()).hexdigest()[:12]
    path = folder / f"{name}-{digest}.joblib"
    if path.exists():
        return path
    pairs = ((label, " ".join(_NO_LANGUAGE.sub(" ", text).split()).lower()) for label, text in examples_of(wordings))
    labels, texts = zip(*(pair for pair in pairs if pair[1]))
    classifier = _classifier().fit(texts, labels)
    # One message's few letters are multiplied with the weights where they lie; in the order in which they were learnt all are copied.
    classifier[-1].coef_ = np.asfortranarray(classifier[-1].coef_, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        joblib.dump(classifier, Path(work) / path.name)
        # Several processes may train at once; the last one to finish replaces an equal file.
        os.replace(Path(work) / path.name, path)
    for old in folder.glob(f"{name}-*"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def _classifier() -> Pipeline:
    """A linear classifier of the letters that stand together, hashed: it needs no vocabulary and trains in seconds."""
    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 5), n_features=2**18, alternate_sign=False, dtype=np.float32)
    return make_pipeline(letters, SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=20, tol=None, random_state=1))


def _in_latin_letters(text: str, language: str) -> str | None:
    """A wording as it is typed without a keyboard of its script; None where letter by letter gives something that nobody types."""
    counts = scripts(text)
    if language not in ("ru", "ko", "zh", "ja", "th") or counts["Latin"] or (language == "ja" and counts["Han"]):
        return None
    return regex.sub(r"(?<=[a-z])(?=[A-Z])", " ", anyascii(text))


def _wordings(data: Path, language: str) -> list[str]:
    texts = []
    path = data / "nlu" / f"{language}.yml"
    if path.exists():
        for block in yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["nlu"]:
            if block.get("intent") == "change_language":
                continue  # these name other languages, often in other languages
            texts += [line[2:] for line in block.get("examples", "").splitlines() if "intent" in block and line.startswith("- ")]
    for article in sorted((data / "knowledge" / language).glob("*.md")):
        front = article.read_text("utf-8").split("---\n", 2)[1]
        texts += yaml.load(front, yaml.CSafeLoader)["questions"]
    return texts


@lru_cache(maxsize=1)
def get_identifier() -> LanguageIdentifier:
    """This process's identifier, loaded on first use."""
    return load_identifier(get_settings())


def load_identifier(settings: Settings) -> LanguageIdentifier:
    wordings = {language: _wordings(settings.data, language) for language in LANGUAGES}
    folder = settings.models / "language"
    chat = _trained("chat", _chat_examples, wordings, folder)
    romanised = _trained("romanised", _romanised_examples, wordings, folder)
    return LanguageIdentifier(weights.path_of("lid.176", settings), chat, romanised)
