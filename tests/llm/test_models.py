"""Which requests the language model of the settings gets."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from gguf import GGUFWriter
from structlog.testing import capture_logs

from tests.adapters import write_adapter
from tests.llm.server import scripted
from tongshi.errors import TongshiError
from tongshi.llm.models import make_model
from tongshi.llm.server import UNKNOWN_BIAS, adapter_path, installed_adapter, serve
from tongshi.settings import Settings
from tongshi.weights import manifest


def test_only_answering_asks_the_model_with_its_adapter_and_less_readily_says_unknown(tmp_path):
    folder = tmp_path / "adapters" / "llm"
    folder.mkdir(parents=True)
    writer = GGUFWriter(folder / "llm-1.5b.gguf", "qwen2")
    writer.add_float32(UNKNOWN_BIAS, -2.5)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    settings = Settings(models=tmp_path)
    with scripted(lambda messages: "yes") as server:
        there = replace(settings, llm_port=server.server_port)
        for to_answer in (True, False):
            assert "yes" in "".join(
                make_model(there, to_answer=to_answer).stream([{"role": "user", "content": "?"}], deadline=time.monotonic() + 20)
            )
    assert [one.get("logit_bias") for one in server.bodies] == [[["NO", -2.5]], None]
    assert [one.get("lora") for one in server.bodies] == [None, [{"id": 0, "scale": 0.0}]]


def test_an_adapter_of_another_model_is_passed_over_with_a_word_and_not_served(tmp_path):
    settings = Settings(models=tmp_path)
    path = write_adapter(adapter_path(settings), base="ff")
    with capture_logs() as logged:
        assert installed_adapter(settings) is None
    assert [one["event"] for one in logged] == ["llm.adapter_of_another_model"]
    with pytest.raises(TongshiError, match="another model than llm-1.5b"):
        serve(settings, path)
    for base in (manifest()["llm-1.5b"].sha256, ""):
        write_adapter(path, base=base)
        assert installed_adapter(settings) == path
