"""Which language is a message in?

Scripts decide where they can. Between languages of one script several are heard together: fastText's lid.176, which knows the world's
languages from long texts, and two classifiers of our own (`tongshi.language.classifiers`): one knows how customers write, the other tells
languages of other scripts in Latin letters, and languages outside the twelve. One of these is reported only where lid.176 is sure of it
over a text that is long enough, and ours finds none of the twelve in it either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex

from tongshi import weights
from tongshi.language.chinese import to_simplified, to_traditional
from tongshi.language.classifiers import FOREIGN, LATIN, NATIVE, LetterClassifier, load_classifiers, words_of
from tongshi.language.text import fold, scripts
from tongshi.settings import LANGUAGES, Settings, get_settings

_SURE_OF_SPELLING = (0.95, 0.85, 0.8)
"""How sure the letters of one word must be, those of two, and those of more."""
_NAMES = regex.compile(r"\p{Lu}[\p{Ll}'’]+(?:[\s\-]\p{Lu}[\p{Ll}'’]*)*")
"""Words with capitals only: whoever is called Irina Petrova or lives in Shinjuku need not speak Russian or Japanese."""
_NO_LETTER_OF_LATIN = regex.compile("[ăąćčďđėęěğıįłľńňőřśşšťůűųźżžơưåøæạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
"""Letters that none of `LATIN` has."""
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
        chat: tells the twelve as customers write them.
        spelling: tells what is in one of `LATIN`, in another of the twelve in Latin letters, or in neither.
    """

    def __init__(self, world: Path, chat: LetterClassifier, spelling: LetterClassifier) -> None:
        import fasttext

        # fastText warns on standard error for each file it loads; its own switch for that.
        fasttext.FastText.eprint = lambda *_: None
        self._world = fasttext.load_model(str(world))
        self._chat = chat
        self._spelling = spelling

    def __call__(self, text: str) -> Identification:
        """Identify one message; e-mails, addresses, codes and figures in it are not looked at."""
        words = words_of(text)
        counts = scripts(words)
        letters = sum(counts.values())
        if not letters or fold(words) in _NEUTRAL or (letters == 1 and counts["Latin"]):
            return NOTHING
        foreign = {name: count * _WEIGHT.get(name, 1) for name, count in counts.items() if name != "Latin"}
        if foreign and sum(foreign.values()) >= 0.25 * (counts["Latin"] + sum(foreign.values())):
            return self._by_script(words, counts, max(foreign, key=foreign.get))
        if _SPANISH.search(text):
            return Identification("es", 1.0)
        return self._latin(text, words, letters)

    def _by_script(self, words: str, counts, script: str) -> Identification:
        if script in ("Han", "Kana"):
            han, kana = counts["Han"], counts["Kana"]
            if kana and kana >= 0.1 * (han + kana):
                return Identification("ja", min(1.0, 0.85 + 0.05 * kana))
            probabilities = self._chat(words)
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

    def _latin(self, text: str, words: str, letters: int) -> Identification:
        spelling = self._spelling(text)
        other = max((label for label in spelling if label not in (NATIVE, FOREIGN)), key=spelling.get)
        enough = _SURE_OF_SPELLING[min(len(words.split()), 3) - 1]
        if spelling[other] >= enough and letters >= 4 and not _NAMES.fullmatch(words):
            return Identification(other, spelling[other])
        native = spelling[NATIVE]
        if outside := self._outside(words, letters, native, spelling[FOREIGN]):
            return outside
        best, share = self._of_latin(words)
        # Where the letters speak for something else, what is likeliest of these six is still doubtful.
        return Identification(best, share if native >= max(spelling[other], spelling[FOREIGN]) else share * native)

    def _outside(self, words: str, letters: int, native: float, foreign: float) -> Identification | None:
        """A language in Latin letters that the agent does not speak, where lid.176 and the letters agree on it.

        Args:
            native: how probable the letters are for one of `LATIN`.
            foreign: how probable they are for a language outside the twelve.
        """
        world, probability = self._world_best(words)
        if world in LANGUAGES or letters < 12 or len(words.split()) < 3:
            return None
        much = letters >= 30 or _NO_LETTER_OF_LATIN.search(words.lower())
        agreed = probability > 0.85 and native < (0.85 if much else 0.5) or probability > 0.5 and foreign > 0.9
        return Identification(None, probability * (1 - native), outside=world) if agreed else None

    def _of_latin(self, words: str) -> tuple[str, float]:
        """Which of `LATIN` a text is in if it is in one of them, and how probably so."""
        chat = self._chat(words)
        world = dict(zip(*self._world_all(words)))
        # Both classifiers' log-probabilities added; the floor keeps one from vetoing the other: of single words lid.176 is often sure and wrong ("moin").
        joint = {label: (world.get(label, 0) + 0.1) * (chat.get(label, 0) + 0.01) for label in LATIN}
        best = max(joint, key=joint.get)
        return best, joint[best] / sum(joint.values())

    def _world_best(self, words: str) -> tuple[str, float]:
        labels, values = self._world_all(words)
        return (labels[0], values[0]) if labels else ("", 0.0)

    def _world_all(self, words: str) -> tuple[list[str], list[float]]:
        labels, values = self._world.predict(words.lower(), k=12)
        return [label.removeprefix("__label__") for label in labels], [float(value) for value in values]


def is_traditional(text: str) -> bool | None:
    """Which characters Chinese text is written in: traditional (True), simplified (False), or the same in both (None)."""
    traditional = sum(before != after for before, after in zip(text, to_simplified(text)))
    simplified = sum(before != after for before, after in zip(text, to_traditional(text)))
    return None if traditional == simplified == 0 else traditional > simplified


@lru_cache(maxsize=1)
def get_identifier() -> LanguageIdentifier:
    """This process's identifier, loaded on first use."""
    return load_identifier(get_settings())


def load_identifier(settings: Settings) -> LanguageIdentifier:
    """An identifier with what it knows from the settings' folders."""
    chat, spelling = load_classifiers(settings)
    return LanguageIdentifier(weights.path_of("lid.176", settings), chat, spelling)
