"""The catalogue as customers speak of it: kinds of product, what goes with what, what to recommend."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from tongshi.files import read_yaml
from tongshi.settings import get_settings
from tongshi.storage.models import Product


@lru_cache(maxsize=4)
def _kinds(data: Path) -> dict[str, dict[str, list[str]]]:
    return read_yaml(data / "catalogue" / "kinds.yml")


def skus_of(name: str, *, broad: bool = False) -> list[str]:
    """The products that a recognised product name means: a SKU itself, or all of a kind.

    Args:
        name: a SKU, or a kind of data/catalogue/kinds.yml.
        broad: take the kind in its everyday, broader sense.
    """
    kinds = _kinds(get_settings().data)
    return kinds["broader"].get(name) if broad and name in kinds["broader"] else kinds["kinds"].get(name, [name])


def kinds_of(sku: str) -> list[str]:
    """Every kind that customers count a product among, in the broader sense too."""
    kinds = _kinds(get_settings().data)
    return list(dict.fromkeys(name for group in kinds.values() for name, skus in group.items() if sku in skus))


def companions(product: Product, catalogue: list[Product]) -> list[Product]:
    """Products that are listed as working with this one, on either one's side."""
    return [other for other in catalogue if other.sku in product.compatible_with or product.sku in other.compatible_with]


def recommend(
    catalogue: list[Product],
    *,
    kinds: list[str],
    price: Decimal | None = None,
    colour: str | None = None,
    goes_with: list[str] | None = None,
    owned: set[str] = frozenset(),
    most: int = 3,
) -> list[Product]:
    """What to offer, best first: in stock, of the wished kinds, within the price, not owned already.

    Args:
        kinds: recognised product names; none means any kind.
        price: the most that one piece may cost, in euro.
        colour: a colour that the product must come in.
        goes_with: SKUs one of which the product must be compatible with.
        owned: SKUs left out.
        most: how many at the most.
    """
    wanted = {sku for kind in kinds for sku in skus_of(kind, broad=True)}
    found = []
    for product in catalogue:
        if product.stock <= 0 or product.sku in owned or (wanted and product.sku not in wanted):
            continue
        if (price is not None and product.price > price) or (colour and colour not in product.colours):
            continue
        if goes_with and not any(other.sku in goes_with for other in companions(product, catalogue)):
            continue
        found.append(product)
    return sorted(found, key=lambda product: (-product.price if price is not None else 0, -product.stock))[:most]
