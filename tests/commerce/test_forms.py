"""Rasa's own files and the code say the same of the forms."""

import yaml

from tongshi.commerce.forms import ASIDES, IDENTITY, QUESTIONS, STARTS, YES_OR_NO
from tongshi.commerce.jobs import JOBS
from tongshi.settings import ROOT


def written(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_rules_start_the_forms_that_wishes_start():
    rules = [one["steps"] for one in written("data/rules.yml")["rules"]]
    starts = {
        steps[0]["intent"]: steps[-1]["active_loop"] for steps in rules if steps[-1].get("active_loop") and "intent" in steps[0]
    }
    assert starts == STARTS


def test_every_form_has_a_job_and_all_that_is_named_is_in_the_domain():
    domain = written("domain.yml")
    assert set(domain["forms"]) == set(STARTS.values()) == set(JOBS)
    assert {*STARTS, *ASIDES, *QUESTIONS} <= {one if isinstance(one, str) else next(iter(one)) for one in domain["intents"]}
    assert {*IDENTITY, *YES_OR_NO} <= set(domain["slots"])
