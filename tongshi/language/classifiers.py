"""Classifiers that tell languages by the letters that stand together.

They learn when first asked for, from the customers' wordings in data and from the words that wordfreq lists, and are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import joblib
import numpy as np
import regex
import yaml
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from tongshi.files import read_yaml
from tongshi.language import romanise
from tongshi.language.romanise import spellings
from tongshi.language.text import scripts
from tongshi.language.vocabulary import frequencies
from tongshi.settings import LANGUAGES, Settings

LATIN = ("de", "en", "es", "fr", "it", "pt")
"""Those of the twelve that are written in Latin letters."""
NATIVE = "latin"
"""Label of what is in one of these, by `spelling_classifier`."""
FOREIGN = "foreign"
"""Label of what is in a language outside the twelve that is written so."""
_FOREIGN = (
    "ca",
    "cs",
    "da",
    "fi",
    "fil",
    "hu",
    "id",
    "lt",
    "lv",
    "ms",
    "nb",
    "nl",
    "pl",
    "ro",
    "sh",
    "sk",
    "sl",
    "sv",
    "tr",
    "vi",
)

_NO_WORDS = r"[a-z0-9._%+\-]+\s?@\s?[a-z0-9.\-]+ | https?://[!-~]+ | \b[a-z]{2,4}[\s._\-–—#]*\d[\d\s\-]{2,}"
_NO_WORD = regex.compile(rf"{_NO_WORDS} | [^\p{{L}}\p{{M}}\s'’]", regex.X | regex.I)
_NO_WORD_WITH_FIGURES = regex.compile(rf"{_NO_WORDS} | (?<!\p{{L}})\d+(?!\p{{L}}) | [^\p{{L}}\p{{M}}\d\s'’]", regex.X | regex.I)
_WORD = regex.compile(r"[\p{L}\p{M}'’]+")

Wordings = dict[str, list[str]]
"""What customers say, by language."""
Example = tuple[str, str]
"""A label and a text."""


def words_of(text: str) -> str:
    """The words of a message without e-mails, addresses, codes, figures and signs."""
    return " ".join(_NO_WORD.sub(" ", text).split())


def words_with_figures_of(text: str) -> str:
    """As `words_of`, with the figures that stand for letters: 3ayez, xo4u, gr8."""
    return " ".join(_NO_WORD_WITH_FIGURES.sub(" ", text).split())


class LetterClassifier:
    """Tells what a message is in.

    Args:
        path: where it is kept.
        words: what it looks at of a message.
    """

    def __init__(self, path: Path, words: Callable[[str], str]) -> None:
        self._pipeline: Pipeline = joblib.load(path)
        self._words = words

    def __call__(self, text: str) -> dict[str, float]:
        """The probability of each label."""
        probabilities = self._pipeline.predict_proba([self._words(text).lower()])[0]
        return dict(zip(self._pipeline.classes_, probabilities.tolist()))


def load_classifiers(settings: Settings) -> tuple[LetterClassifier, LetterClassifier]:
    """That of chats, which knows the twelve as customers write them, and that of spellings, for texts in Latin letters.

    The second tells what is in one of `LATIN` (as `NATIVE`), in one of the other six spelt in Latin letters (by its code), or in a
    language outside the twelve (as `FOREIGN`). Where they are not there already both are trained, which takes 15 to 20 s of one
    core and 300 MB.
    """
    wordings = {language: _wordings(settings.data, language) for language in LANGUAGES}
    typed = {path.stem: _typed(path) for path in sorted((settings.data / "romanised").glob("*.yml"))}
    sources = b"".join(Path(one).read_bytes() for one in (__file__, romanise.__file__))
    digest = hashlib.sha256(sources + json.dumps([wordings, typed]).encode()).hexdigest()[:12]

    def load(name: str, examples: Iterator[Example], words: Callable[[str], str], rounds: int) -> LetterClassifier:
        path = settings.models / "language" / f"{name}-{digest}.joblib"
        if not path.exists():
            pairs = ((label, words(text).lower()) for label, text in examples)
            _keep(_trained([pair for pair in pairs if pair[1]], rounds), path, f"{name}-*")
        return LetterClassifier(path, words)

    return load("chat", _labelled(wordings), words_of, 20), load("spelling", _spelt(wordings, typed), words_with_figures_of, 5)


def _trained(examples: list[Example], rounds: int) -> Pipeline:
    """A linear classifier of letters, hashed: it needs no vocabulary and trains in seconds."""
    labels, texts = zip(*examples)
    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 5), n_features=2**18, alternate_sign=False, dtype=np.float32)
    # The average over all steps: the last one alone hangs on which examples came last.
    classifier = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=rounds, tol=None, average=True, random_state=1)
    pipeline = make_pipeline(letters, classifier).fit(texts, labels)
    for sums in ("_standard_coef", "_average_coef"):
        delattr(classifier, sums)  # of use for learning on only, and large
    # One message's few letters are multiplied with the weights where they lie; in the order in which they were learnt all are copied.
    classifier.coef_ = np.asfortranarray(classifier.coef_, dtype=np.float32)
    return pipeline


def _keep(classifier: Pipeline, path: Path, others: str) -> None:
    """Write a classifier, and remove those of its name that were learnt from other wordings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        joblib.dump(classifier, Path(work) / path.name)
        # Several processes may train at once; the last one to finish replaces an equal file.
        os.replace(Path(work) / path.name, path)
    for old in path.parent.glob(others):
        if old != path:
            old.unlink(missing_ok=True)


def _labelled(wordings: Wordings) -> Iterator[Example]:
    return ((language, text) for language, texts in wordings.items() for text in texts)


def _spelt(wordings: Wordings, typed: Wordings) -> Iterator[Example]:
    """Texts in Latin letters: what was typed so, wordings in other scripts spelt so, and words of many languages."""
    latin = [(NATIVE if one in LATIN else one, text) for one, text in _labelled(wordings) if set(scripts(text)) <= {"Latin"}]
    # What somebody typed so says more than what is spelt letter by letter.
    yield from [*latin, *_labelled(typed)] * 2
    for language, texts in wordings.items():
        for number, text in enumerate(texts):
            if ways := spellings(text, language):
                yield language, ways[number % len(ways)]
    for language in LATIN:
        yield from ((NATIVE, text) for text in _usual_words(language, 2000))
    for language in _FOREIGN:
        yield from ((FOREIGN, text) for text in _usual_words(language, 800))


def _usual_words(language: str, most: int) -> Iterator[str]:
    """Five words a text, as many texts as words: the usual ones often, as in speech, the rarer ones once."""
    words = list(islice((word for word in frequencies(language, "small") if _WORD.fullmatch(word)), most))
    for at in range(len(words)):
        yield " ".join(words[at // step] for step in (1, 2, 7, 30, 150))


def _wordings(data: Path, language: str) -> list[str]:
    texts = []
    path = data / "nlu" / f"{language}.yml"
    if path.exists():
        for block in read_yaml(path)["nlu"]:
            if block.get("intent") == "change_language":
                continue  # these name other languages, often in other languages
            texts += [line[2:] for line in block.get("examples", "").splitlines() if "intent" in block and line.startswith("- ")]
    for article in sorted((data / "knowledge" / language).glob("*.md")):
        front = article.read_text("utf-8").split("---\n", 2)[1]
        texts += yaml.load(front, yaml.CSafeLoader)["questions"]
    return texts


def _typed(path: Path) -> list[str]:
    """What a file of data/romanised holds: wordings in Latin letters."""
    return [line.removeprefix("- ") for line in read_yaml(path)["wordings"].splitlines()]
