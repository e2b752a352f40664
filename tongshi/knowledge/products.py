"""What the catalogue says of a product, in sentences of each language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import regex

from tongshi.commerce.catalogue import companions, skus_of
from tongshi.files import digest_of, read_yaml
from tongshi.knowledge.articles import OVERVIEW
from tongshi.language import formats
from tongshi.language.phrases import Found, PhraseFinder
from tongshi.language.senses import OtherMakers, OtherSenses
from tongshi.language.text import fold
from tongshi.responses.catalog import Replies
from tongshi.settings import LANGUAGES, ROOT, get_settings
from tongshi.storage.models import Product

PREFIX = "product:"
"""Prefix of the article ids of products, before the SKU."""

_NAME_PIECE = regex.compile(
    r"\d+|\p{Latin}{3,}|\p{Cyrillic}{3,}|\p{Arabic}{3,}|\p{Hangul}{3,}|\p{Thai}{3,}|[\p{Han}\p{Hiragana}\p{Katakana}ー]{3,}"
)
"""A word or figure of a name; shorter words are those of every sentence, and the の of "Voltの" is none of its letters."""

_ARABIC = regex.compile(r"\p{Arabic}")

_FIGURE = re.compile(r"(?<![\d.,])\d{2,}(?![\d.,]*\d)")
"""A whole number of two digits at least, of which product names are told apart."""

_BARE_FIGURE = regex.compile(
    r"(?<![\d.,])\d{2,}(?![\d.,]*\d)(?=\s*(?:$|[\p{P}--[%]]|的|の|짜리|와|과|랑|และ|กับ|和|跟|と|(?:and|or|und|oder|et|ou|y|o|e|и|или|و)(?!\p{L})))",
    regex.V1,
)
"""A whole number that counts nothing: behind it stand a sign, a conjunction or nothing, and no word."""


class ProductFacts:
    """Sentences about products.

    Args:
        data: the project's data folder.
        replies: for the names of colours.
    """

    def __init__(self, data: Path, replies: Replies) -> None:
        self._replies = replies
        self._texts = {language: read_yaml(data / "catalogue" / f"{language}.yml") for language in LANGUAGES}

    def sentence(self, attribute: str, product: Product, catalogue: list[Product], language: str) -> str:
        """What the catalogue says of one attribute of a product, or that it says nothing."""
        texts = self._texts[language]["attributes"][attribute]
        value = self._value(attribute, product, catalogue, language)
        if value is None:
            # Of what has a seal "not Final Sale" alone would promise too much.
            is_sealed = attribute == "final_sale" and product.hygiene_seal
            return texts["sealed" if is_sealed else "absent"].format(name=product.name)
        return texts["sentence"].format(name=product.name, **value)

    def text(self, product: Product, catalogue: list[Product], language: str) -> str:
        """All that the catalogue says of a product."""
        what = f"{product.name}: {self._texts[language]['products'][product.sku]}."
        return " ".join([what, *(self.sentence(name, product, catalogue, language) for name in self._attributes(language))])

    def summary(self, product: Product, catalogue: list[Product], language: str) -> str:
        """What the catalogue says of a product, a sentence a line, without what it does not say."""
        known = [name for name in self._attributes(language) if self._value(name, product, catalogue, language) is not None]
        return self._lines(product, catalogue, language, known)

    def difference(self, product: Product, others: Sequence[Product], catalogue: list[Product], language: str) -> str:
        """What distinguishes a product from others, as `summary`, with what the catalogue says of them and not of it."""
        differs = [
            name
            for name in self._attributes(language)
            if any(
                self._fact(name, other, catalogue, language) != self._fact(name, product, catalogue, language) for other in others
            )
        ]
        return self._lines(product, catalogue, language, differs)

    def _attributes(self, language: str) -> list[str]:
        return [name for name in self._texts[language]["attributes"] if name != OVERVIEW]

    def _lines(self, product: Product, catalogue: list[Product], language: str, attributes: Sequence[str]) -> str:
        sentences = [f"• {self.sentence(name, product, catalogue, language)}" for name in attributes]
        return "\n".join([f"{product.name}: {self._texts[language]['products'][product.sku]}", *sentences])

    def _fact(self, attribute: str, product: Product, catalogue: list[Product], language: str) -> Any:
        """What tells products apart: of the stock but that there is any."""
        value = self._value(attribute, product, catalogue, language)
        return value is None if attribute == "stock" else value

    def _value(self, attribute: str, product: Product, catalogue: list[Product], language: str) -> dict[str, Any] | None:
        match attribute:
            case "price":
                return {"price": formats.money(product.price, language)}
            case "stock":
                return {"stock": product.stock} if product.stock else None
            case "water":
                return {"rating": product.rating_ip} if product.rating_ip else None
            case "battery":
                return {"battery": f"{product.battery_wh:g}"} if product.battery_wh else None
            case "plug":
                return {"plug": formats.listing(product.plug, language)} if product.plug else None
            case "compatible":
                names = [other.name for other in companions(product, catalogue)]
                return {"products": formats.listing(names, language)} if names else None
            case "colours":
                colours = [self._replies.term("colour", colour, language) for colour in product.colours]
                return {"colours": formats.listing(colours, language)}
            case "final_sale":
                return {} if product.final_sale else None
        raise KeyError(attribute)


def synonyms(data: Path, lookup: str, languages: Sequence[str] = LANGUAGES) -> list[tuple[str, str]]:
    """How customers call the values of an entity, from data/nlu: pairs of phrase and value.

    Args:
        lookup: the entity, e.g. `product`, whose values are SKUs and kinds, or `colour`.
    """
    tables = read_yaml(data / "nlu" / "entities.yml")["nlu"]
    values = {line[2:] for table in tables if table["lookup"] == lookup for line in table["examples"].splitlines()}
    pairs = []
    for language in languages:
        for block in read_yaml(data / "nlu" / f"{language}.yml")["nlu"]:
            if block.get("synonym") in values:
                pairs += [(line[2:], block["synonym"]) for line in block["examples"].splitlines() if line.startswith("- ")]
    return pairs


def homonyms(data: Path, lookup: str) -> list[str]:
    """The expressions, of all languages, in which words for the values of an entity mean something else.

    Args:
        lookup: the entity, `product` or `colour`.
    """
    told = read_yaml(data / "catalogue" / "homonyms.yml")
    return [one for of_language in told[lookup].values() for one in of_language]


def makers(data: Path) -> tuple[list[str], list[str]]:
    """Makers of what the shop does not sell, and the values of `product` that may be named beside them and be ours all the same."""
    told = read_yaml(data / "catalogue" / "makers.yml")
    return told["makers"], [value for kind in told["fitting"] for value in (kind, *skus_of(kind))]


class ProductFinder:
    """Finds what customers call products, by their own words and by the catalogue's names.

    The same words in another sense are none, nor is what is another maker's.

    Args:
        data: the project's data folder.
        names: pairs of product name and SKU.
    """

    def __init__(self, data: Path, names: Sequence[tuple[str, str]]) -> None:
        said = {language: synonyms(data, "product", [language]) for language in LANGUAGES}
        languages: dict[str, set[str]] = {}
        for language, phrases in said.items():
            for phrase, _ in phrases:
                languages.setdefault(phrase, set()).add(language)
        self._finder = PhraseFinder([*names, *chain.from_iterable(said.values())], languages)
        self._language: str | None = None
        self._senses = OtherSenses(homonyms(data, "product"))
        self._makers = OtherMakers(*makers(data))

    def of(self, language: str) -> ProductFinder:
        """The same for texts of one language, whose words are not taken for those of others: "box" is a speaker in German alone."""
        found = copy(self)
        found._language = language
        return found

    def find(self, text: str) -> list[Found]:
        """All products and kinds of them that a text names, in order; "14 Uhr" names no watch."""
        found = self._finder.find(text, self._language)
        return self._makers.without(self._senses.without(found, text), text)


@lru_cache(maxsize=2)
def product_finder(data: Path, names: Sequence[tuple[str, str]]) -> ProductFinder:
    """The finder of a catalogue, made once.

    Args:
        names: pairs of product name and SKU.
    """
    return ProductFinder(data, names)


def mentioned(finder: ProductFinder, text: str, catalogue: Sequence[Product]) -> list[Product]:
    """Products that a text names, in order.

    Of a kind that is named those whose figures stand in the text ("the 30 watt charger"), else all; of no kind those of which a figure
    stands in the text with its unit ("the 65 watter").
    """
    by_sku = {product.sku: product for product in catalogue}
    figures = set(_FIGURE.findall(fold(text)))
    named: list[Product] = []
    for found in finder.find(text):
        products = [by_sku[sku] for sku in skus_of(found.value) if sku in by_sku]
        exact = [one for one in products if figures & set(_FIGURE.findall(one.name))]
        named += [one for one in exact or products if one not in named]
    units = _units(get_settings().data)
    measured = {match.group() for match in _FIGURE.finditer(text) if units.match(text, match.end())}
    named += [one for one in catalogue if one not in named and measured & set(_FIGURE.findall(one.name))]
    return named


def compared(text: str, named: Sequence[Product], catalogue: Sequence[Product]) -> list[Product]:
    """Products that a text names, and with them those of the same kind that it sets beside them by a bare figure: "the 65 W one or the 30"."""
    bare = " ".join(match.group() for match in _BARE_FIGURE.finditer(fold(text)))
    return [*named, *(one for one in told_apart(bare, named, catalogue) if one not in named)]


def told_apart(text: str, spoken_of: Sequence[Product], catalogue: Sequence[Product]) -> list[Product]:
    """Products that a text names by a figure alone, "the one with 30", among those of the kind that is spoken of."""
    figures, categories = set(_FIGURE.findall(fold(text))), {product.category for product in spoken_of}
    return [one for one in catalogue if one.category in categories and figures & set(_FIGURE.findall(one.name))]


def beside(products: Sequence[Product], spoken_of: Sequence[Sequence[Product]]) -> list[Product]:
    """A product with the one that it is compared with: the last other one that was spoken of.

    Args:
        spoken_of: the products of each thing that was said before, newest first.
    """
    others = (one for said in spoken_of for one in said if one not in products)
    return [*products, *islice(others, 1)]


@lru_cache(maxsize=2)
def _units(data: Path) -> re.Pattern[str]:
    """Finds a unit behind a figure: the "W" of "30 W", the "polegadas" of "14 polegadas"."""
    words = read_yaml(data / "catalogue" / "units.yml")["units"]
    longest_first = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"[\s-]?(?:{longest_first})(?![a-zа-яё'’])", re.IGNORECASE)


def without(finder: ProductFinder, text: str, catalogue: Sequence[Product]) -> str:
    """A text without the products that it names.

    Neither their phrases are left nor, apart from them, words and figures of their names, nor the units behind those figures.
    """
    products = mentioned(finder, text, catalogue)
    if not products:
        return text
    pieces = {piece for product in products for piece in _NAME_PIECE.findall(fold(product.name))}
    named = [False] * len(text)
    spans = [(_with_prefix(text, found.start), found.end) for found in finder.find(text)]
    units = _units(get_settings().data)
    for match in _NAME_PIECE.finditer(text):
        if fold(match.group()) in pieces:
            unit = units.match(text, match.end()) if match.group().isdigit() else None
            spans.append((match.start(), unit.end() if unit else match.end()))
    for start, end in spans:
        named[start:end] = [True] * (end - start)
    return " ".join("".join(" " if hidden else char for char, hidden in zip(text, named)).split())


def _with_prefix(text: str, start: int) -> int:
    """Where a name begins, with what Arabic writes onto it: the ال of "الساعة"."""
    while start and _ARABIC.fullmatch(text[start - 1]) and _ARABIC.fullmatch(text[start]):
        start -= 1
    return start


def all_without(questions: Sequence[str], digest: str, finder: ProductFinder, catalogue: Sequence[Product]) -> tuple[str, ...]:
    """Questions without the products that they name, each once; those are left out that name a product and say nothing else.

    Args:
        digest: `digest_of_names` of the catalogue, by which a cache tells calls apart.
    """
    return tuple(filter(None, dict.fromkeys(without(finder, question, catalogue) for question in questions)))


def digest_of_names(data: Path, catalogue: Sequence[Product]) -> str:
    """What changes when products get other names or are found in texts by other rules.

    Args:
        data: the project's data folder.
    """
    files = [Path(__file__), *(ROOT / "tongshi" / "language").glob("*.py"), *(data / "catalogue").glob("*.yml")]
    return digest_of(files) + "".join(f"\0{product.name}\0{product.sku}" for product in catalogue)
