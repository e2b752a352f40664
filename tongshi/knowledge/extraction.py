"""Where the relations of the graph come from: the catalogue, the shop's files, and articles, of which the last only propose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy
from babel import Locale
from spacy.matcher import Matcher
from spacy.tokens import Doc

from tongshi.commerce.catalogue import kinds_of, skus_of
from tongshi.files import read_yaml
from tongshi.knowledge.graph_reading import Mention, Reader, is_country
from tongshi.language.segment import sentences
from tongshi.storage.graph import Edge
from tongshi.storage.models import PROPOSED, Article, Product

CATALOGUE, COUNTRIES, SHOP_FILE = "catalogue", "countries.yml", "relations.yml"
"""Sources of relations that are kept without being proposed."""

# Names of entities and words for relations as they follow one another in a sentence; other words between them do not count.
_PATTERNS = {
    "compatible_with": [["product", "fits", "product+"], ["product", "product+", "fits"], ["fits", "product", "product+"]],
    "used_in": [["plug", "country+"], ["country", "plug+"], ["plug", "fits", "country+"]],
    "has_plug": [["product", "plug+"], ["product", "fits", "plug+"]],
    "accepted": [["payment", "payment+"], ["pay", "payment+"]],
}
_ENDS = {
    "compatible_with": ("product", "product"),
    "used_in": ("plug", "country"),
    "has_plug": ("product", "plug"),
    "accepted": ("payment", "policy"),
}
"""Kinds of the subject and the object of relations that patterns find."""

PATTERNS = "patterns"
"""Who proposed a relation that a pattern found."""


def of_catalogue(products: Sequence[Product]) -> Iterator[Edge]:
    """What the catalogue says of products; certain, so confirmed."""
    for product in products:
        subject = f"product:{product.sku}"
        said: list[tuple[str, str, dict[str, Any]]] = [("is_a", f"kind:{kind}", {}) for kind in kinds_of(product.sku)]
        said += [("is_a", f"category:{product.category}", {}), ("is_a", "kind:product", {})]
        said += [("has_plug", f"plug:{plug}", {}) for plug in product.plug]
        said += [("comes_in", f"colour:{colour}", {}) for colour in product.colours]
        said += [("compatible_with", f"product:{sku}", {}) for sku in product.compatible_with]
        if product.battery_wh:
            said.append(("has", "part:battery", {"wh": product.battery_wh}))
        if product.rating_ip:
            said.append(("rated", f"rating:{product.rating_ip}", {}))
        said += [("marked", f"mark:{mark}", {}) for mark in ("final_sale", "hygiene_seal") if getattr(product, mark)]
        for name, object_, figures in said:
            yield Edge(subject, name, object_, figures, CATALOGUE)


def of_countries(folder: Path) -> Iterator[Edge]:
    """Regions of the countries of Babel and the plugs that they use, from countries.yml of a folder."""
    told = read_yaml(folder / "countries.yml")
    for code in filter(is_country, Locale("en").territories):
        if code not in told["apart"]:
            region = "eu" if code in told["eu"] else "abroad"
            yield Edge(f"country:{code}", "in_region", f"region:{region}", {}, COUNTRIES)
    for code, country in told["countries"].items():
        for plug, rule in told["plugs"].items():
            least, most = rule["volts"]
            sockets = set(country["sockets"])
            if not sockets & {*rule["sure"], *rule["perhaps"]}:
                continue
            sure = bool(sockets & set(rule["sure"])) and least <= country["volts"] <= most
            evidence = f"sockets {', '.join(country['sockets'])}; {country['volts']} V"
            status = {} if sure else {"status": PROPOSED}
            yield Edge(f"plug:{plug}", "used_in", f"country:{code}", {}, COUNTRIES, evidence, **status)


def of_shop(folder: Path) -> Iterator[Edge]:
    """The shop's policies as relations, from relations.yml of a folder."""
    for said in read_yaml(folder / "relations.yml"):
        yield Edge(
            said["subject"],
            said["name"],
            said["object"],
            said.get("figures", {}),
            SHOP_FILE,
            f"{said['source']}: {said['evidence']}",
        )


class Proposer:
    """Finds relations that articles state, for a person to confirm.

    Args:
        reader: finds entities and the words for relations.
        products: the catalogue.
    """

    def __init__(self, reader: Reader, products: Sequence[Product]) -> None:
        self._reader = reader
        self._names = [(one.name, one.sku) for one in products]
        self._nlp = spacy.blank("xx")
        self._matcher = Matcher(self._nlp.vocab)
        for name, patterns in _PATTERNS.items():
            self._matcher.add(name, [[_token(unit) for unit in pattern] for pattern in patterns], greedy="LONGEST")

    def of(self, articles: Iterable[Article]) -> Iterator[Edge]:
        """What articles state of entities that the graph knows, each with the sentence that says so."""
        for article in articles:
            for sentence in sentences(article.text):
                yield from self._of_sentence(sentence, article)

    def _of_sentence(self, sentence: str, article: Article) -> Iterator[Edge]:
        read = self._reader.read(sentence, article.language, self._names)
        if read.blocked:
            return
        units = [(one.start, _kind(one), _entity(one)) for one in read.mentions]
        units += [(one.start, one.relation, "") for one in read.cues if one.relation in ("fits", "pay")]
        units = sorted(unit for unit in units if unit[1])
        doc = Doc(self._nlp.vocab, words=[kind for _, kind, _ in units])
        for key, start, end in self._matcher(doc):
            name = self._nlp.vocab.strings[key]
            for subject, object_ in _pairs(name, [(kind, entity) for _, kind, entity in units[start:end]], article.article_id):
                yield Edge(subject, name, object_, {}, article.article_id, sentence, proposed_by=PATTERNS)


def _token(unit: str) -> dict[str, str]:
    return {"ORTH": unit.removesuffix("+"), **({"OP": "+"} if unit.endswith("+") else {})}


def _kind(mention: Mention) -> str:
    """The kind of entity that a mention is in a pattern; "" for one that takes no part in any."""
    if mention.kind == "kind":
        return "product" if len(skus_of(mention.name)) == 1 and mention.name != "product" else ""
    return mention.kind if mention.kind in ("product", "plug", "country", "payment") else ""


def _entity(mention: Mention) -> str:
    return f"product:{skus_of(mention.name)[0]}" if mention.kind == "kind" else mention.entity


def _pairs(name: str, units: list[tuple[str, str]], article_id: str) -> Iterator[tuple[str, str]]:
    """Subjects and objects of a matched pattern."""
    first, second = _ENDS[name]
    subjects = [entity for kind, entity in units if kind == first]
    if first == second:
        subjects, objects = subjects[:1], subjects[1:]
    elif second == "policy":
        objects = [f"policy:{article_id}"]
    else:
        objects = [entity for kind, entity in units if kind == second]
    yield from ((subject, object_) for subject in subjects for object_ in objects if subject != object_)
