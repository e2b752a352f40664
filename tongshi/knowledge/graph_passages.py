"""Passages of articles with what they name, and the relations of the graph's kinds that they could state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product

from tongshi.commerce.catalogue import skus_of
from tongshi.knowledge.articles import passages_under
from tongshi.knowledge.graph_kinds import KINDS, POLICY, RelationKind, figures_in, sense
from tongshi.knowledge.graph_reading import Mention, Reader
from tongshi.language.segment import sentences
from tongshi.storage.graph import Edge
from tongshi.storage.models import Article, Product

_RATING = re.compile(r"\bIP\d\d\b", re.I)
_FIGURE = re.compile(r"\d")
_DENIALS = frozenset({"refused"})
"""Relations that a sentence states by denying something; all others it states only where it denies nothing."""

_TOPICS = {
    "warranty": "warranty",
    "return_within": "returns",
    "free_from": "ship",
    "next_day_in": "express",
    "duties_by_recipient": "duties",
    "duties_paid": "duties",
    "instalments": "instalments",
    "flies_up_to": "flight",
}
"""What has to be spoken of for a relation to be stated, as `Cue.relation`; names and figures alone would fit too many of these."""


@dataclass(frozen=True)
class Sentence:
    """A sentence with what it names.

    Attributes:
        named: for each kind of entity, entities with the words that name them.
        figures: for each kind of figure, its values.
        topics: what it speaks of, as `Cue.relation`.
    """

    text: str
    named: Mapping[str, Mapping[str, str]]
    figures: Mapping[str, Sequence[int | str]] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()

    @property
    def denies(self) -> bool:
        """Whether something in it is denied or goes wrong."""
        return "trouble" in self.topics

    def entities(self, kinds: Iterable[str]) -> dict[str, str]:
        """Entities of some kinds, with their words; where products count, no kind of which there is just one."""
        found = {entity: words for kind in sorted(kinds) for entity, words in self.named.get(kind, {}).items()}
        return {entity: words for entity, words in found.items() if (only := _only_one(entity)) == entity or only not in found}


@dataclass(frozen=True)
class Candidate:
    """A relation that a passage could state, as far as the names in it tell.

    Attributes:
        words: of the passage for its `subject` and `object`; the figures by their names.
    """

    edge: Edge
    words: Mapping[str, str]


@dataclass(frozen=True)
class Passage:
    """A passage of an article.

    Attributes:
        text: Chinese in simplified characters.
        title: of the article, with the heading that the passage stands under.
    """

    article: Article
    text: str
    title: Sentence
    sentences: tuple[Sentence, ...]

    @property
    def headed(self) -> str:
        """The passage under its article's title."""
        return f"{self.title.text}\n\n{self.text}" if self.title.text else self.text

    def candidates(self, names: Iterable[str]) -> list[Candidate]:
        """Relations of some names that it could state: a sentence names one end and the figures; the other end is named there or above it.

        Where a sentence denies something, only what is stated by denying.
        """
        found: dict[tuple[object, ...], Candidate] = {}
        before = self.title
        for sentence in self.sentences:
            told = set(_TOPICS.values())
            spoken_of = (sentence.topics & told) or (before.topics | self.title.topics)
            for name in names:
                if sentence.denies == (name in _DENIALS) and (name not in _TOPICS or _TOPICS[name] in spoken_of):
                    for one in self._of_sentence(name, sentence, before):
                        found.setdefault(sense(one.edge), one)
            before = sentence
        return list(found.values())

    def _of_sentence(self, name: str, sentence: Sentence, before: Sentence) -> Iterator[Candidate]:
        kind = KINDS[name]
        here = sentence.entities(kind.subjects | kind.objects)
        for (subject, first), (object_, second) in self._pairs(kind, sentence, before):
            if not {subject, object_} & set(here) or not kind.holds_between(subject, object_):
                continue
            for figures in _figures(kind, sentence):
                edge = Edge(subject, name, object_, figures, self.article.article_id, self.headed)
                yield Candidate(edge, {"subject": first, "object": second, **{key: str(value) for key, value in figures.items()}})

    def _pairs(
        self, kind: RelationKind, sentence: Sentence, before: Sentence
    ) -> Iterable[tuple[tuple[str, str], tuple[str, str]]]:
        """Entities that can be the ends of what a sentence states, with their words."""
        if kind.mutual:
            return self._mutual_pairs(kind.subjects, sentence, before)
        ends = (self._ends(*kinds, sentence) for kinds in ((kind.subjects, kind.objects), (kind.objects, kind.subjects)))
        return product(*(end.items() for end in ends))

    def _ends(self, kinds: frozenset[str], others: frozenset[str], sentence: Sentence) -> dict[str, str]:
        """Named in the sentence; else in the title, unless the sentence is about more than the other end; the article is the policy."""
        if kinds == {POLICY}:
            return {f"{POLICY}:{self.article.article_id}": self.title.text}
        return sentence.entities(kinds) or (self.title.entities(kinds) if set(sentence.named) <= others else {})

    def _mutual_pairs(
        self, kinds: frozenset[str], sentence: Sentence, before: Sentence
    ) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        """Each two that a sentence names, of which one is what the article is about, where that is among them.

        Where it says in known words that something fits, "it" may be what is in the title, or, with but one named, in the sentence before.
        """
        here, above = sentence.entities(kinds), self.title.entities(kinds)
        if "fits" in sentence.topics:
            here = {**above, **(before.entities(kinds) if len(here) == 1 else {}), **here}
        about = next(iter(above)) if len(above) == 1 else None
        for one, other in combinations(here.items(), 2):
            if about not in here or about in (one[0], other[0]):
                yield one, other


def _figures(kind: RelationKind, sentence: Sentence) -> Iterator[dict[str, int | str]]:
    """Each way in which the figures of a sentence can be those of a kind of relation."""
    choices = [sentence.figures.get(type_, ()) for type_ in kind.figures.values()]
    if len(set(kind.figures.values())) == 1:
        chosen: Iterable[tuple[int | str, ...]] = permutations(choices[0], len(choices))
    else:
        chosen = product(*choices)
    for values in chosen:
        if len({str(value) for value in values}) == len(values):
            yield dict(zip(kind.figures, values))


class PassageReader:
    """Finds what passages of articles name.

    Args:
        reader: finds products, plugs, countries, means of payment and colours by the names that the graph knows.
        products: the catalogue.
        carriers: names of carriers.
    """

    def __init__(self, reader: Reader, products: Sequence[Product], carriers: Iterable[str] = ()) -> None:
        self._reader = reader
        self._names = [(one.name, one.sku) for one in products]
        self._carriers = {one: re.compile(rf"(?<!\w){re.escape(one)}(?!\w)", re.I) for one in carriers}

    def of(self, article: Article) -> Iterator[Passage]:
        """All passages of an article, in order."""
        for heading, text in passages_under(article.text):
            title = "\n".join(one for one in dict.fromkeys((article.title, heading)) if one)
            read = tuple(self._sentence(one, article.language) for one in sentences(text))
            yield Passage(article, text, self._sentence(title, article.language), read)

    def _sentence(self, text: str, language: str) -> Sentence:
        read = self._reader.named(text, language, self._names)
        text = read.text
        found = [(self._plainly(one, text, language), text[one.start : one.end]) for one in read.mentions if one.kind != "of"]
        found += [(f"rating:{match[0].upper()}", match[0]) for match in _RATING.finditer(text)]
        found += [(f"carrier:{name}", match[0]) for name, form in self._carriers.items() for match in form.finditer(text)]
        named: dict[str, dict[str, str]] = {}
        for entity, words in found:
            for one in dict.fromkeys((entity, _only_one(entity))):
                kept = named.setdefault(one.partition(":")[0], {})
                kept[one] = max(kept.get(one, ""), words, key=len)
        # A name asserts no figure: the 65 of "Volt 65W Charger".
        plain = list(text)
        for one in read.of("product", "kind"):
            plain[one.start : one.end] = " " * (one.end - one.start)
        figures = {type_: list(dict.fromkeys(values.values())) for type_, values in figures_in("".join(plain)).items()}
        return Sentence(text, named, figures, frozenset(read.relations))

    def _plainly(self, mention: Mention, text: str, language: str) -> str:
        """What the words of a mention name by themselves: in a text, 30 months of warranty on "chargers" make them no 30 W charger."""
        words = text[mention.start : mention.end]
        if mention.kind != "product" or not _FIGURE.search(text) or _FIGURE.search(words):
            return mention.entity
        alone = self._reader.named(words, language, self._names).of("product", "kind")
        return alone[0].entity if alone else mention.entity


def _only_one(entity: str) -> str:
    """The product of a kind that only one is of; else the entity itself."""
    kind, _, name = entity.partition(":")
    skus = skus_of(name) if kind == "kind" and name != "product" else []
    return f"product:{skus[0]}" if len(skus) == 1 and skus[0] != name else entity
