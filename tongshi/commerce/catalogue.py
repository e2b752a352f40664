"""The catalogue as customers speak of it: kinds of product, what goes with what, what to recommend."""

from __future__ import annotations

from decimal import Decimal

from tongshi.storage.models import Product

KINDS = {
    "headphones": ("MER-HP-200",),
    "earbuds": ("MER-HP-110",),
    "speaker": ("MER-SP-300",),
    "power_bank": ("MER-PB-020",),
    "charger": ("MER-CH-065", "MER-CH-030"),
    "laptop": ("MER-LP-140",),
    "tablet": ("MER-TB-110",),
    "watch": ("MER-WT-050",),
    "lamp": ("MER-LM-010",),
    "keyboard": ("MER-KB-087",),
    "backpack": ("MER-BG-025",),
}
"""What customers call things, and the products that are meant."""

# Who asks for headphones is shown the in-ear ones too; who names in-ear buds is not shown others.
_BROADER = {"headphones": ("MER-HP-200", "MER-HP-110")}


def skus_of(name: str, *, broad: bool = False) -> tuple[str, ...]:
    """The products that a recognised product name means: a SKU itself, or all of a kind."""
    if broad and name in _BROADER:
        return _BROADER[name]
    return KINDS.get(name, (name,))


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
