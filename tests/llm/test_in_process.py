"""The model in this process: a real one, very small, whose words mean nothing."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from tongshi.errors import Unavailable
from tongshi.llm.client import Cancelled, ChatClient, Cut, read_reply
from tongshi.llm.in_process import InProcessModel
from tongshi.llm.models import make_model
from tongshi.settings import Settings

QUESTION = [{"role": "user", "content": "w1 w2"}]


def tiny():
    words = Tokenizer(WordLevel({f"w{number}": number for number in range(64)}, unk_token="w0"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    )
    return tokenizer, Qwen2ForCausalLM(config).eval()


@pytest.fixture(scope="module")
def model():
    return InProcessModel(tiny)


def test_a_reply_comes_in_pieces_the_same_each_time(model):
    pieces = []
    with pytest.raises(Cut):
        for piece in model.stream(QUESTION, deadline=time.monotonic() + 30, most_tokens=12):
            pieces.append(piece)
    assert len(pieces) > 1 and len("".join(pieces).split()) == 12
    assert read_reply(model.stream(QUESTION, deadline=time.monotonic() + 30, most_tokens=12)) == ("".join(pieces), False)


def test_a_reply_that_ends_at_the_last_token_is_whole():
    def load():
        tokenizer, one = tiny()
        asked = tokenizer("w1 w2", return_tensors="pt")
        # What it says by itself in the third place is taken for the end.
        one.generation_config.eos_token_id = int(one.generate(**asked, max_new_tokens=3, do_sample=False)[0, -1])
        return tokenizer, one

    assert read_reply(InProcessModel(load).stream(QUESTION, deadline=time.monotonic() + 30, most_tokens=3))[1]


def test_who_goes_closes_or_has_no_time_leaves_the_model_to_others(model):
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    with pytest.raises(Cancelled):
        list(model.stream(QUESTION, deadline=time.monotonic() + 60, most_tokens=100_000, gone=gone))
    with pytest.raises(Unavailable, match="in time"):
        list(model.stream(QUESTION, deadline=time.monotonic() + 0.5, most_tokens=100_000))
    reply = model.stream(QUESTION, deadline=time.monotonic() + 30, most_tokens=100_000)
    next(reply)
    reply.close()
    assert read_reply(model.stream(QUESTION, deadline=time.monotonic() + 10, most_tokens=2))[0]
    with pytest.raises(Unavailable, match="No time"):
        list(model.stream(QUESTION, deadline=time.monotonic() - 1))


def test_who_goes_while_another_is_answered_waits_no_longer(model):
    reply = model.stream(QUESTION, deadline=time.monotonic() + 60, most_tokens=100_000)
    next(reply)
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(model.stream(QUESTION, deadline=began + 30, gone=gone))
    assert time.monotonic() - began < 5
    reply.close()


def test_a_model_that_fails_is_unavailable_and_asked_anew_the_next_time():
    tries = [OSError("no such file"), tiny()]

    def load():
        found = tries.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    model = InProcessModel(load)
    with pytest.raises(Unavailable, match="no such file"):
        list(model.stream(QUESTION, deadline=time.monotonic() + 30))
    assert read_reply(model.stream(QUESTION, deadline=time.monotonic() + 30, most_tokens=2))[0]


def test_the_settings_say_what_runs_the_model():
    assert isinstance(make_model(Settings()), ChatClient)
    assert isinstance(make_model(Settings(llm_url="transformers", llm="llm-0.5b")), InProcessModel)
