"""Words, cut as the message's own language cuts them."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from tongshi.language.segment import tokenize
from tongshi.nlu.language import LANGUAGE
from tongshi.nlu.learnt import OwnComponent
from tongshi.settings import get_settings


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class MultilingualTokenizer(OwnComponent, Tokenizer):
    """Tokens by `tongshi.language.segment`, after `LanguageDetector` has named the language."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        text = message.get(attribute)
        language = (message.get(LANGUAGE) or {}).get("code") or get_settings().language
        tokens = [Token(token.text, token.start) for token in tokenize(text, language)] or [Token(text, 0)]
        return self._apply_token_pattern(tokens)
