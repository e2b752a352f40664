"""What understanding is measured by."""

from tongshi.evaluation.understanding import held_out, unseen
from tongshi.language.text import bare
from tongshi.nlu.wordings import training_wordings
from tongshi.settings import LANGUAGES, ROOT, Settings


def test_no_wording_is_measured_that_reads_like_one_that_is_learnt_from():
    known = {bare(one.text) for one in training_wordings(ROOT / "data")}
    measured = unseen(Settings(data=ROOT / "data"))
    for language in LANGUAGES:
        assert not [one.text for one in measured[language] if bare(one.text) in known]
        assert len(held_out(language)) >= len(measured[language]) > 400
