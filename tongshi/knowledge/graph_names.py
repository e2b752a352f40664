"""What the entities of the graph are called, and which of them statements can be about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tongshi.knowledge.graph_kinds import POLICY
from tongshi.knowledge.graph_reading import is_country, words_of
from tongshi.knowledge.products import synonyms
from tongshi.language import formats
from tongshi.storage.models import Product, Relation


def entities(
    data: Path, language: str, products: Sequence[Product], titles: Mapping[str, str], relations: Iterable[Relation]
) -> dict[str, str]:
    """All that the graph knows, as `kind:name`, with what it is called: products, countries, articles as policies, and the ends of relations.

    Args:
        data: the project's data folder.
        language: of the names.
        titles: of the shop's articles, by their ids.
    """
    known = {
        **{f"product:{one.sku}": one.name for one in products},
        **{f"country:{code}": name for code, name in formats.locale(language).territories.items() if is_country(code)},
        **{f"{POLICY}:{article_id}": title for article_id, title in titles.items()},
    }
    called = _called(data, language)
    for relation in relations:
        for entity in (relation.subject, relation.object):
            known.setdefault(entity, called.get(entity, entity.partition(":")[2]))
    return known


@lru_cache(maxsize=24)
def _called(data: Path, language: str) -> dict[str, str]:
    """Kinds, colours, means of payment and regions with their words in a language."""
    words = words_of(data, language)
    kinds = {f"kind:{value}": phrase for phrase, value in reversed(synonyms(data, "product", [language]))}
    colours = {f"colour:{value}": phrase for phrase, value in reversed(synonyms(data, "colour", [language]))}
    others = {entity: phrase for entity, phrase in words.names.items() if not entity.startswith("plug:")}
    shown = {entity: words.texts.get(entity.partition(":")[2], phrase) for entity, phrase in others.items()}
    return {**kinds, **colours, **shown}
