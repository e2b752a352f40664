"""One training or one test of a benchmark, in a process of its own: `python -m tongshi.evaluation.benchmark_work FOLDER train|test`.

The folder holds `config.yml`, `training.json` in Rasa's format and `test.json`, a list of texts. What is written: `bot.tar.gz` and `trained.json`,
or `tested.json`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

MODEL = "bot.tar.gz"
_TIMED = 300
_FALLBACK = "nlu_fallback"


def train(folder: Path) -> dict[str, Any]:
    """Train Rasa's NLU on the folder's files: seconds on the clock and of processors, without imports, and the most memory that was in use."""
    from tongshi.nlu.understanding import learn

    began, busy = time.perf_counter(), time.process_time()
    learn(folder / "config.yml", folder / "training.json", folder / MODEL)
    return {"seconds": time.perf_counter() - began, "cpu seconds": time.process_time() - busy, "MB": _megabytes()}


def test(folder: Path) -> dict[str, Any]:
    """Intent and confidence of each text; processor's milliseconds of single texts, and the most memory that was in use for these."""
    from tongshi.nlu.understanding import Understanding

    understand = Understanding(folder / MODEL)
    texts = json.loads((folder / "test.json").read_text("utf-8"))
    timed = texts[:: max(1, len(texts) // _TIMED)]
    for text in timed[:20]:
        understand(text)
    milliseconds = []
    # Texts that were not seen since the start: what encoders keep of single texts must not count.
    for text in timed[20:]:
        busy = time.process_time()
        understand(text)
        milliseconds.append((time.process_time() - busy) * 1000)
    megabytes = _megabytes()
    return {"found": [_likeliest(one) for one in understand.many(texts)], "milliseconds": milliseconds, "MB": megabytes}


def _likeliest(parsed: dict[str, Any]) -> tuple[str | None, float]:
    """The likeliest intent, whether or not it is likely enough for FallbackClassifier."""
    ranking = [one for one in parsed.get("intent_ranking") or [] if one["name"] != _FALLBACK]
    return (ranking[0]["name"], ranking[0]["confidence"]) if ranking else (None, 0.0)


def _megabytes() -> int:
    # What the operating system tells of a process through `resource` counts what its parent held before.
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024


if __name__ == "__main__":
    place, what = Path(sys.argv[1]), sys.argv[2]
    result, file = (train(place), "trained.json") if what == "train" else (test(place), "tested.json")
    partial = place / f"{file}.part"
    partial.write_text(json.dumps(result), "utf-8")
    partial.replace(place / file)
