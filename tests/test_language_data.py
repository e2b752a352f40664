"""Every language says, understands and explains the same things, each in its own words."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
LANGUAGES = ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "zh"]
ORIGINALS = {"en", "zh"}
POLICIES = {entry["id"]: entry for entry in yaml.safe_load((ROOT / "data/store/policies.yml").read_text("utf-8"))}
PLACEHOLDER = re.compile(r"{(\w+)}")


def load(path):
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def article(language, article_id):
    text = (ROOT / f"data/knowledge/{language}/{article_id}.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body.strip()


def examples(block):
    return [line[2:].strip() for line in block["examples"].splitlines() if line.startswith("- ")]


def figures(text):
    """Numbers of a text without separators and without the digits' grouping, so that 4,90 and 4.90 are one figure."""
    return {re.sub(r"\D", "", number).lstrip("0") for number in re.findall(r"\d+(?:[.,:\s]\d+)*", text)}


INTENTS = {
    "greet", "thank", "goodbye", "affirm", "deny", "stop", "start_over", "ask_bot", "ask_help", "request_human",
    "order_status", "return_item", "return_status", "exchange_item", "cancel_order", "change_address",
    "damaged_or_wrong_item", "lost_parcel", "product_question", "recommend_product", "policy_question", "complaint",
    "praise", "report_bad_answer", "change_language", "inform", "out_of_scope",
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_wordings_are_many_and_different(language):
    document = load(f"data/nlu/{language}.yml")
    blocks = {block["intent"]: block for block in document["nlu"] if "intent" in block}
    assert set(blocks) == INTENTS
    least = 40 if language in ORIGINALS else 20
    seen = Counter()
    for intent, block in blocks.items():
        wordings = examples(block)
        assert block["metadata"]["language"] == language, intent
        assert len(set(wordings)) >= least, f"{intent}: {len(set(wordings))} wordings"
        seen.update({wording.casefold() for wording in wordings})
    twice = [wording for wording, count in seen.items() if count > 1]
    assert not twice, f"in two intents: {twice}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_synonyms_cover_the_catalogue(language):
    document = load(f"data/nlu/{language}.yml")
    names = [block["synonym"] for block in document["nlu"] if "synonym" in block]
    assert not [name for name, count in Counter(names).items() if count > 1]
    reference = load("data/responses/en.yml")["terms"]
    kinds = set(load("data/catalogue/kinds.yml")["kinds"])
    wanted = kinds | set(reference["colour"]) | set(reference["reason"]) - {"other"}
    wanted |= {"replacement", "refund"} | {f"language:{code}" for code in LANGUAGES}
    assert wanted <= set(names), wanted - set(names)
    phrases = Counter(
        phrase.casefold() for block in document["nlu"] if "synonym" in block for phrase in set(map(str.casefold, examples(block)))
    )
    assert not [phrase for phrase, count in phrases.items() if count > 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_replies_have_the_same_keys_and_placeholders(language):
    reference, document = load("data/responses/en.yml"), load(f"data/responses/{language}.yml")
    assert document["language"] == language
    assert list(document["replies"]) == list(reference["replies"])
    for key, texts in document["replies"].items():
        wanted = set(PLACEHOLDER.findall(reference["replies"][key][0]))
        for text in texts:
            assert isinstance(text, str), key
            assert set(PLACEHOLDER.findall(text)) == wanted, f"{key}: {text}"
    assert set(document["upset"]) == set(reference["upset"]) <= set(reference["replies"])
    for key, texts in document["upset"].items():
        assert all(set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(reference["replies"][key][0])) for text in texts), (
            key
        )
    assert set(document["buttons"]) == set(reference["buttons"])
    assert {key: PLACEHOLDER.findall(text) for key, text in document["card"].items()} == {"details": [], "ask": ["product"]}
    for name, terms in reference["terms"].items():
        assert set(document["terms"][name]) == set(terms), name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("article_id", POLICIES)
def test_articles_state_the_policy_and_nothing_else(language, article_id):
    front, body = article(language, article_id)
    assert front["id"] == article_id and front["language"] == language and front["title"]
    assert len(set(front["questions"])) >= 6
    assert all(isinstance(question, str) for question in front["questions"])
    if language not in ORIGINALS:
        assert front["translation_of"] == "en"
    policy = figures(" ".join(POLICIES[article_id]["facts"]))
    stated = figures(body)
    # Zeros go, since 20:00 is 20時 elsewhere; "one" may be written as a figure.
    stated, policy = ({figure.rstrip("0") for figure in some} - {"1"} for some in (stated, policy))
    assert stated == policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_describes_every_product(language):
    reference, document = load("data/catalogue/en.yml"), load(f"data/catalogue/{language}.yml")
    assert set(document["products"]) == set(reference["products"])
    assert set(document["attributes"]) == set(reference["attributes"])
    for name, attribute in document["attributes"].items():
        for form in ("sentence", "absent", "sealed"):
            wanted = set(PLACEHOLDER.findall(reference["attributes"][name].get(form, "")))
            assert set(PLACEHOLDER.findall(attribute.get(form, ""))) == wanted, (name, form)
        assert len(set(attribute["questions"])) >= 8, name
