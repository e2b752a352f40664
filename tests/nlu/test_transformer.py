"""The transformer for dialogues is loaded faster than Rasa loads it, and says the same."""

import tarfile

import numpy as np
import pytest
from rasa.core.featurizers.tracker_featurizers import TrackerFeaturizer
from rasa.core.policies.ted_policy import TEDPolicy

from tongshi.nlu.transformer import TransformerPolicy


@pytest.fixture(scope="module")
def kept(tmp_path_factory, trained):
    """What a trained bot keeps of the policy."""
    folder = tmp_path_factory.mktemp("bot")
    with tarfile.open(trained) as packed:
        packed.extractall(folder)
    return next(folder.rglob("train_*TransformerPolicy*"))


def test_what_is_loaded_fast_predicts_what_rasas_own_loading_gives(kept):
    utilities = TEDPolicy._load_model_utilities(kept)
    example, asked = TEDPolicy._construct_model_initialization_data(utilities["loaded_data"])
    featurizer = TrackerFeaturizer.load(kept)
    ours, rasas = (
        policy._load_tf_model(utilities, example, asked, featurizer, False).run_inference(asked)
        for policy in (TransformerPolicy, TEDPolicy)
    )
    assert np.array_equal(ours["scores"], rasas["scores"]) and ours["scores"].std() > 0
