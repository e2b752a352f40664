"""Adapters are installed, kept and brought back as files, each with its own card."""

from __future__ import annotations

import pytest

from tests.adapters import write_adapter
from tongshi.errors import TongshiError
from tongshi.llm.server import adapter_path
from tongshi.settings import Settings
from tongshi.training.adapter import go_back, install


@pytest.fixture
def settings(tmp_path):
    return Settings(models=tmp_path / "models")


@pytest.fixture
def there(settings):
    """What lies in the folder of installed adapters, as text where it is a card."""

    def there():
        folder = adapter_path(settings).parent
        return {one.name: one.read_text("utf-8") if one.suffix == ".md" else one.read_bytes() for one in folder.iterdir()}

    return there


def test_what_was_installed_is_kept_with_its_card_and_comes_back(settings, tmp_path, there):
    first = write_adapter(tmp_path / "first" / "adapter.gguf", 1, card="one")
    second = write_adapter(tmp_path / "second" / "adapter.gguf", 2, card="two")
    assert install(first, settings) == adapter_path(settings)
    assert there() == {"llm-1.5b.gguf": first.read_bytes(), "llm-1.5b.md": "one"}
    with pytest.raises(TongshiError, match="without any, delete .*llm-1.5b.gguf"):
        go_back(settings)
    install(second, settings)
    after = {
        "llm-1.5b.gguf": second.read_bytes(),
        "llm-1.5b.md": "two",
        "llm-1.5b.previous.gguf": first.read_bytes(),
        "llm-1.5b.previous.md": "one",
    }
    assert there() == after
    install(second, settings)
    assert there() == after, "the one before is not lost where the same is installed again"
    go_back(settings)
    assert (there()["llm-1.5b.gguf"], there()["llm-1.5b.md"]) == (first.read_bytes(), "one")
    go_back(settings)
    assert there() == after
    install(adapter_path(settings).with_name("llm-1.5b.previous.gguf"), settings)
    assert there()["llm-1.5b.gguf"] == first.read_bytes() and there()["llm-1.5b.previous.gguf"] == second.read_bytes()


def test_an_adapter_without_a_card_does_not_get_anothers(settings, tmp_path, there):
    install(write_adapter(tmp_path / "carded.gguf", 1, card="one"), settings)
    install(write_adapter(tmp_path / "bare.gguf", 2), settings)
    assert set(there()) == {"llm-1.5b.gguf", "llm-1.5b.previous.gguf", "llm-1.5b.previous.md"}
    go_back(settings)
    assert set(there()) == {"llm-1.5b.gguf", "llm-1.5b.md", "llm-1.5b.previous.gguf"}


def test_the_one_before_comes_back_where_the_installed_one_was_deleted_but_not_over_another_model(settings, tmp_path, there):
    install(write_adapter(tmp_path / "first.gguf", 1, card="one"), settings)
    install(write_adapter(tmp_path / "second.gguf", 2), settings)
    adapter_path(settings).unlink()
    go_back(settings)
    assert set(there()) == {"llm-1.5b.gguf", "llm-1.5b.md"}
    write_adapter(adapter_path(settings).with_name("llm-1.5b.previous.gguf"), 3, base="ff")
    with pytest.raises(TongshiError, match="another model"):
        go_back(settings)
