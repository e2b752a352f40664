"""What a question to the graph is about: the entities it names, the relations it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np
import regex
from babel import Locale

from tongshi.commerce.catalogue import skus_of
from tongshi.files import read_yaml
from tongshi.knowledge.products import homonyms, product_finder, synonyms
from tongshi.language import patterns
from tongshi.language.chinese import to_simplified
from tongshi.language.phrases import ARABIC_PREFIXES, PhraseFinder, fold_with_places
from tongshi.language.segment import says_nothing
from tongshi.language.senses import OtherSenses
from tongshi.language.text import QUESTION_MARKS, fold, scripts
from tongshi.language.vectors import Encoder, normalise
from tongshi.storage.knowledge import KeyRow

_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Hangul}]")
# Chinese, Japanese, Thai and Korean write on right after a word of another script.
_LETTER = r"[\p{Latin}\p{Cyrillic}\p{Arabic}\p{M}]"
_CLAUSE = regex.compile(r"[^,;:.?!،؛؟，；：。？！、\n]+[,;:.?!،؛؟，；：。？！、\n]?")
_FIGURE = regex.compile(r"\d+")
_CAPACITY = regex.compile(r"\d\s*(?:wh|watt-?\s?hours?|wattstunden|瓦时|вт[·*]?ч)\b", regex.I)
_GAP = "…"
_CITY = "city:"
"""Kind of the names of cities while they are looked for; who names one speaks of its country."""
_ALIKE = 0.65
_BLOCKING = ("outside", "trouble")
_RELATION_OF = {
    "attribute:price": "price",
    "attribute:stock": "stock",
    "attribute:colours": "colours",
    "attribute:battery": "battery",
    "attribute:plug": "plug",
    "attribute:final_sale": "returns",
    "warranty": "warranty",
    "returns-window": "returns",
    "shipping-standard": "ship",
    "shipping-international": "ship",
    "shipping-express": "express",
    "customs": "duties",
    "payment-instalments": "instalments",
    "payment-methods": "pay",
    "battery-travel": "flight",
}


@dataclass(frozen=True)
class Mention:
    """An entity that a question names, as `kind:name`, and where; `of:JP` is a word like "Japanese" where no plug is spoken of."""

    entity: str
    start: int
    end: int
    confidence: float = 1.0

    @property
    def kind(self) -> str:
        return self.entity.partition(":")[0]

    @property
    def name(self) -> str:
        return self.entity.partition(":")[2]


@dataclass(frozen=True)
class Cue:
    """Words that ask for a relation, and where."""

    relation: str
    start: int
    end: int


@dataclass(frozen=True)
class Question:
    """A question as the graph understands it.

    Attributes:
        price: the most that something may cost, in euro.
        blocked: why the graph must leave it alone; "" where nothing speaks against it.
        spans: start and end of its clauses.
    """

    text: str
    mentions: tuple[Mention, ...] = ()
    cues: tuple[Cue, ...] = ()
    price: Decimal | None = None
    blocked: str = ""
    spans: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    def of(self, *kinds: str) -> list[Mention]:
        """Mentions of some kinds of entity, in order."""
        return [one for one in self.mentions if one.kind in kinds]

    @property
    def relations(self) -> set[str]:
        return {cue.relation for cue in self.cues}

    def clause(self, place: int) -> tuple[int, int]:
        """Start and end of the clause that a place of the text lies in."""
        return next(span for span in self.spans if span[0] <= place < span[1])


class Words:
    """What data/knowledge/graph says of one language: how customers name entities and ask for relations, and what is said to them.

    Attributes:
        texts: sentences of answers, with placeholders.
        names: entities beside products, colours and countries, each with the first of its names.
    """

    def __init__(self, data: Path, language: str) -> None:
        folder = data / "knowledge" / "graph"
        told = read_yaml(folder / f"{language}.yml")
        shared = read_yaml(folder / "names.yml")
        self.texts: dict[str, str] = {**shared["labels"], **told["texts"]}
        names = [
            (phrase, entity)
            for group in (shared["names"], told["names"])
            for entity, phrases in group.items()
            for phrase in phrases
        ]
        self.names: dict[str, str] = {entity: phrase for phrase, entity in reversed(names)}
        countries = [
            *((phrase, code) for code, phrases in told["countries"].items() for phrase in phrases),
            *_territories(language),
        ]
        named = [*names, *((phrase, f"country:{code}") for name, code in countries for phrase in _with_bare(name))]
        named += [(phrase, f"{_CITY}{code}") for code, phrases in told.get("cities", {}).items() for phrase in phrases]
        named += [(phrase, f"of:{code}") for code, phrases in told.get("adjectives", {}).items() for phrase in phrases]
        named += [(phrase, f"colour:{name}") for phrase, name in synonyms(data, "colour", [language])]
        self._finder = PhraseFinder(named)
        self._senses = OtherSenses(homonyms(data, "colour"))
        cues = {**told["cues"], "outside": [*told["cues"]["outside"], *shared["outside"]]}
        self._cues = {relation: _pattern(phrases) for relation, phrases in cues.items()}

    def mentions(self, text: str) -> list[Mention]:
        named = self._finder.find(text)
        meant = self._senses.without(named, text)
        found = [
            Mention(one.value, one.start, one.end, one.confidence)
            for one in named
            if one in meant or not one.value.startswith("colour:")
        ]
        # Names of countries are long and bent by grammar; a short word like "chaque" is no misspelt "chèque", nor one of the many cities.
        found = [one for one in found if one.confidence == 1.0 or one.kind in ("country", "of")]
        return [replace(one, entity=one.entity.replace(_CITY, "country:")) for one in found]

    def cues(self, text: str) -> list[Cue]:
        """Cues of a text; of two that overlap the longer, unless the shorter tells to leave the question alone."""
        folded, places = fold_with_places(text)
        found = [
            Cue(relation, places[match.start("phrase")], places[match.end("phrase") - 1] + 1)
            for relation, pattern in self._cues.items()
            for match in pattern.finditer(folded)
        ]
        kept: list[Cue] = []
        for cue in sorted(found, key=lambda cue: (cue.relation not in _BLOCKING, cue.start - cue.end)):
            if not any(cue.start < other.end and other.start < cue.end for other in kept):
                kept.append(cue)
        return sorted(kept, key=lambda cue: cue.start)


def _territories(language: str) -> Iterable[tuple[str, str]]:
    """Names of countries with their ISO 3166 codes, by Babel."""
    return ((name, code) for code, name in Locale.parse(language).territories.items() if is_country(code))


def _with_bare(name: str) -> tuple[str, ...]:
    """A name, and without its article where it is an Arabic one, since prefixes replace that."""
    return (name, name.removeprefix("ال")) if name.startswith("ال") else (name,)


def is_country(code: str) -> bool:
    """Whether a code of Babel's territories is a country's, by ISO 3166."""
    return len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "ZZ", "XA", "XB")


def _pattern(phrases: Sequence[str]) -> regex.Pattern:
    """One pattern for phrases in which `*` stands for the rest of a word and `…` for a few words."""
    choices = []
    for phrase in sorted(phrases, key=len, reverse=True):
        spaced = not _UNSPACED.search(phrase)
        gap, space = (r"(?:\W+[\w'’\-]+){0,5}?\W+", r"[\s\-]+") if spaced else (r".{0,14}?", r"\s*")
        parts = [space.join(map(_word, fold(part).split())) for part in phrase.split(_GAP)]
        before, after = (rf"(?<!{_LETTER}|\d){ARABIC_PREFIXES}", rf"(?!{_LETTER})") if spaced else ("", "")
        choices.append(f"{before}{gap.join(parts)}{after}")
    return regex.compile(f"(?P<phrase>{'|'.join(choices)})")


def _word(word: str) -> str:
    return regex.escape(word).replace(r"\*", f"{_LETTER}*")


_KOREAN_ENDING = regex.compile(r"\p{Hangul}*")
"""What is written onto a word of Korean that asks: the 예요 of 얼마예요."""
_PLACES = ("country", "region", "of")
_PLAIN = ("price", "stock", "colours", "battery", "plug")
"""Relations that are attributes of a product and asked for by words that hardly ask for anything else."""


def attributes_named(data: Path, text: str, language: str) -> list[str]:
    """Attributes of products that a text asks for in so many words, in its order.

    Args:
        data: the project's data folder.
        text: without names of products, whose words ask for nothing.
        language: of the text.
    """
    found = words_of(data, language).cues(_simplified(text))
    return list(dict.fromkeys(cue.relation for cue in found if cue.relation in _PLAIN))


def asks_only(data: Path, text: str, language: str) -> bool:
    """Whether a text asks for attributes of products in so many words, and for nothing else.

    Args:
        data: the project's data folder.
        text: without names of products.
        language: of the text.
    """
    simplified = _simplified(text)
    cues = words_of(data, language).cues(simplified)
    if not cues or any(cue.relation not in _PLAIN for cue in cues):
        return False
    for cue in reversed(cues):
        ending = _KOREAN_ENDING.match(simplified, cue.end)
        simplified = f"{simplified[: cue.start]} {simplified[ending.end() :]}"
    return says_nothing(simplified, language)


def without_places(data: Path, text: str, language: str) -> str:
    """A text without the countries and regions that it names.

    Args:
        data: the project's data folder.
        language: of the text.
    """
    for mention in reversed(places_in(data, text, language)):
        text = text[: mention.start] + text[mention.end :]
    return text


def places_in(data: Path, text: str, language: str) -> list[Mention]:
    """Where a text names countries and regions, in its order."""
    found = [one for one in words_of(data, language).mentions(_simplified(text)) if one.kind in _PLACES]
    return sorted(found, key=lambda one: one.start)


def _simplified(text: str) -> str:
    """Chinese in simplified characters, all else as it is."""
    counts = scripts(text)
    return to_simplified(text) if counts["Han"] and not counts["Kana"] else text


@lru_cache(maxsize=24)
def words_of(data: Path, language: str) -> Words:
    """The words of a language, read once a process."""
    return Words(data, language)


class NearestRelation:
    """Which relation a clause asks for that no known phrase gives away: that of the nearest of the knowledge base's own questions.

    Args:
        encoder: gives what makes the vectors of clauses, the same that made those of the keys; called at the first clause.
        keys: gives the search keys of the shop's articles and product questions.
    """

    def __init__(self, encoder: Callable[[], Encoder], keys: Callable[[], Sequence[KeyRow]]) -> None:
        self._encoder = encoder
        self._keys = keys
        self._tables: dict[str, tuple[np.ndarray, list[str]]] = {}

    def __call__(self, clause: str, language: str) -> str | None:
        """The relation; "" where something is asked that is no relation of the graph; None where it is too unlike all of them to say."""
        vectors, labels = self._table(language)
        if not labels:
            return None
        likeness = vectors @ self._encoder().encode([normalise(clause)])[0]
        best = int(likeness.argmax())
        return _RELATION_OF.get(labels[best], "") if likeness[best] >= _ALIKE else None

    def _table(self, language: str) -> tuple[np.ndarray, list[str]]:
        if language not in self._tables:
            rows = [key for key in self._keys() if key.kind == "question" and key.language == language]
            vectors = np.stack([np.frombuffer(row.vector, np.float32) for row in rows]) if rows else np.zeros((0, 0), np.float32)
            self._tables[language] = vectors, [row.article_id for row in rows]
        return self._tables[language]


class Reader:
    """Reads questions of twelve languages.

    Args:
        data: the project's data folder.
        nearest: tells the relation of a clause that holds no known phrase; None: such a clause is passed over.
    """

    def __init__(self, data: Path, nearest: Callable[[str, str], str | None] | None = None) -> None:
        self._data = data
        self._nearest = nearest

    def read(self, text: str, language: str, products: Sequence[tuple[str, str]]) -> Question:
        """Understand a question.

        Args:
            language: that it is asked in.
            products: pairs of product name and SKU.
        """
        text = _simplified(text)
        matches = list(patterns.find(text))
        if any(match.kind in ("order_number", "case_number", "email") for match in matches):
            return Question(text, blocked="an order")
        named = self.named(text, language, products)
        mentions, cues = named.mentions, named.cues
        spans = tuple(match.span() for match in _CLAUSE.finditer(text))
        prices = [Decimal(match.value) for match in matches if match.kind == "price"]
        question = replace(named, spans=spans)
        blocked = next((cue.relation for cue in cues if cue.relation in _BLOCKING), "")
        if _CAPACITY.search(text):
            blocked = blocked or "a battery of the customer's own"
        if prices and ("under" not in question.relations or len(prices) > 1):
            blocked = blocked or "a price"
        cues = [cue for cue in cues if cue.relation != "under"]
        if not blocked and self._nearest:
            more, blocked = self._silent_clauses(question, language)
            cues += more
        return Question(text, mentions, tuple(cues), prices[0] if prices else None, blocked, spans)

    def named(self, text: str, language: str, products: Sequence[tuple[str, str]]) -> Question:
        """The entities and the words for relations of any text, whatever else it says; Chinese in simplified characters.

        Args:
            language: that it is written in.
            products: pairs of product name and SKU.
        """
        text = _simplified(text)
        words = words_of(self._data, language)
        named = self._products(text, language, products)
        mentions = [*named, *(one for one in words.mentions(text) if not _touches(one, named))]
        # A name asks for nothing by itself: "charge" in "charger", "delivery" in "cash on delivery".
        taken = [*named, *(one for one in mentions if one.kind == "payment")]
        cues = [cue for cue in words.cues(text) if not _touches(cue, taken)]
        if any(cue.relation == "plug" for cue in cues):
            mentions = [replace(one, entity=f"country:{one.name}") if one.kind == "of" else one for one in mentions]
        return Question(text, tuple(sorted(mentions, key=lambda one: one.start)), tuple(cues))

    def _products(self, text: str, language: str, products: Sequence[tuple[str, str]]) -> list[Mention]:
        """Products and kinds of them; a kind that only repeats a product of it is left out."""
        skus = {sku for _, sku in products}
        figures = set(_FIGURE.findall(fold(text)))
        mentions = []
        for found in product_finder(self._data, tuple(products)).of(language).find(text):
            entity = f"product:{found.value}" if found.value in skus else f"kind:{found.value}"
            if entity.startswith("kind:"):
                # "charge" is no misspelt "charger"; but "the charger with 30 watts" is just one of them.
                if found.confidence < 1.0:
                    continue
                exact = [sku for name, sku in products if sku in skus_of(found.value) and figures & set(_FIGURE.findall(name))]
                entity = f"product:{exact[0]}" if len(exact) == 1 else entity
            mentions.append(Mention(entity, found.start, found.end, found.confidence))
        named = {one.name for one in mentions if one.kind == "product"}
        return [one for one in mentions if one.kind == "product" or not named & set(skus_of(one.name))]

    def _silent_clauses(self, question: Question, language: str) -> tuple[list[Cue], str]:
        """Relations that clauses without any known phrase ask for, and what speaks against answering."""
        if not (question.mentions and question.cues):
            return [], ""
        cues = []
        for start, end in question.spans:
            clause = question.text[start:end].strip()
            spoken = any(start <= one.start < end for one in (*question.mentions, *question.cues))
            if spoken or sum(scripts(clause).values()) < 4:
                continue
            relation = self._nearest(clause, language)
            if relation == "" or (relation is None and clause.endswith(QUESTION_MARKS)):
                return [], "something else"
            if relation:
                cues.append(Cue(relation, start, end))
        return cues, ""


def _touches(one: Mention | Cue, others: Sequence[Mention]) -> bool:
    return any(one.start < other.end and other.start < one.end for other in others)
