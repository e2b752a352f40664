"""Files of adapters, as small as they can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFType, GGUFWriter, Keys

from tongshi.llm.server import BASE
from tongshi.weights import manifest


def write_adapter(path: Path, weight: float = 0.0, base: str = manifest()["llm-1.5b"].sha256, card: str = "") -> Path:
    """Writes an adapter of one pair of tensors.

    Args:
        weight: in all of its places, so that two adapters differ.
        base: the sha256 of the model that it was made for; "" for one that does not tell.
        card: what its card says; none by default.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "qwen2")
    writer.add_type(GGUFType.ADAPTER)
    writer.add_string(Keys.Adapter.TYPE, "lora")
    if base:
        writer.add_string(BASE, base)
    for side, shape in (("a", (2, 4)), ("b", (4, 2))):
        writer.add_tensor(f"blk.0.attn_q.weight.lora_{side}", np.full(shape, weight, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if card:
        path.with_suffix(".md").write_text(card, "utf-8")
    return path
