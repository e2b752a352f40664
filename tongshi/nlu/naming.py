"""What messages name, a product's kind and its name beside one another as one: "tide speakers", 极光耳机, "auriculares arora"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType

import regex
from rapidfuzz.distance import DamerauLevenshtein

from tongshi.language.negation import denied
from tongshi.language.phrases import NEARLY, Found, PhraseFinder, fold_with_places
from tongshi.language.senses import OtherMakers, OtherSenses
from tongshi.language.vocabulary import is_said_in

_PRODUCT = "product"
_REASON = "reason"
_BETWEEN = regex.compile(r"[\s\-'\"«»“”„]*(?:の|的)?")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_LEAST = 4
_LONG = 7


class Names:
    """Finds what has a name.

    It is kept as what it is made of; how that is looked for is worked out again wherever it is loaded.

    Args:
        phrases: by entity, pairs of phrase and value.
        languages: by phrase, in which languages it is said.
        kinds: the SKUs of each kind of product.
        senses: by entity, the expressions in which its phrases mean something else, see `tongshi.language.senses`.
        makers: those of other products, and the products that fit theirs.
    """

    def __init__(
        self,
        phrases: Mapping[str, Sequence[tuple[str, str]]],
        languages: Mapping[str, Set[str]],
        kinds: Mapping[str, Sequence[str]],
        senses: Mapping[str, Sequence[str]] = MappingProxyType({}),
        makers: tuple[Sequence[str], Sequence[str]] = ((), ()),
    ) -> None:
        self._made_of = phrases, languages, kinds, dict(senses), makers
        self._finders = {entity: PhraseFinder(pairs, languages) for entity, pairs in phrases.items()}
        self._senses = {entity: OtherSenses(expressions) for entity, expressions in senses.items()}
        self._makers = OtherMakers(*makers)
        self._naming = Naming(phrases.get(_PRODUCT, ()), kinds)

    def __reduce__(self) -> tuple[type[Names], tuple]:
        return Names, self._made_of

    def find(self, text: str, language: str | None) -> dict[str, list[Found]]:
        """What a text names, by entity; no word in another sense, nothing of another maker, no reason that it denies.

        Args:
            language: of the text, where it is known.
        """
        found = {entity: finder.find(text, language) for entity, finder in self._finders.items()}
        for entity, senses in self._senses.items():
            if entity in found:
                found[entity] = senses.without(found[entity], text)
        if _PRODUCT in found:
            joined = self._naming.join(found[_PRODUCT], text, language)
            found[_PRODUCT] = self._makers.without(joined, text)
        if _REASON in found and language:
            taken = [(one.start, one.end) for one in found[_REASON]]
            found[_REASON] = [one for one in found[_REASON] if not denied(text, one.start, one.end, language, taken)]
        return found


class Naming:
    """Joins what is said of one product.

    Args:
        phrases: what customers say, with the kind or SKU that they mean.
        kinds: the SKUs of each kind.
    """

    def __init__(self, phrases: Iterable[tuple[str, str]], kinds: Mapping[str, Sequence[str]]) -> None:
        self._kinds = kinds
        self._names: dict[str, set[str]] = {}
        for phrase, value in phrases:
            folded = fold_with_places(phrase)[0]
            if value not in kinds and _WORD.fullmatch(folded) and len(folded) >= _LEAST:
                self._names.setdefault(value, set()).add(folded)

    def join(self, found: Sequence[Found], text: str, language: str | None = None) -> list[Found]:
        """Products of a text, kinds and names that belong together as one.

        Args:
            found: what the phrases alone have found, in order.
            language: of the text, where it is known.
        """
        joined: list[Found] = []
        for one in found:
            before = joined[-1] if joined else None
            if before and _BETWEEN.fullmatch(text, before.end, one.start) and (value := self._together(before.value, one.value)):
                joined[-1] = Found(before.start, one.end, value, min(before.confidence, one.confidence))
            else:
                joined.append(one)
        taken = [(one.start, one.end) for one in joined]
        return [self._named(one, text, taken, language) if one.value in self._kinds else one for one in joined]

    def _together(self, one: str, other: str) -> str | None:
        """The product that a kind and a name mean together, in either order, or the same thing said twice."""
        if one == other:
            return one
        for kind, name in ((one, other), (other, one)):
            if name in self._kinds.get(kind, ()):
                return name
        return None

    def _named(self, kind: Found, text: str, taken: Sequence[tuple[int, int]], language: str | None) -> Found:
        """A kind with the name beside it, if the word there is nearly one of its products' names and no word of its own."""
        folded, places = fold_with_places(text)
        for match in _WORD.finditer(folded):
            start, end = places[match.start()], places[match.end() - 1] + 1
            beside = _BETWEEN.fullmatch(text, end, kind.start) or _BETWEEN.fullmatch(text, kind.end, start)
            if not beside or any(start < other[1] and other[0] < end for other in taken):
                continue
            if language and is_said_in(text[start:end].lower(), language):
                continue
            if sku := self._meant(match.group(), self._kinds[kind.value]):
                return Found(min(start, kind.start), max(end, kind.end), sku, NEARLY)
        return kind

    def _meant(self, word: str, skus: Sequence[str]) -> str | None:
        if len(word) < _LEAST:
            return None
        most = 2 if len(word) >= _LONG else 1
        near = {
            sku
            for sku in skus
            for name in self._names.get(sku, ())
            if name[0] == word[0] and DamerauLevenshtein.distance(name, word, score_cutoff=most) <= most
        }
        return near.pop() if len(near) == 1 else None
