"""Two help centres as companies hand them over, in files of several kinds, written apart from the code and from each other's questions."""

import pytest
import yaml

from tongshi.knowledge.base import KnowledgeBase
from tongshi.knowledge.importing import read
from tongshi.language.vectors import get_encoder
from tongshi.settings import ROOT
from tongshi.storage.knowledge import KnowledgeStore

IMPORTS = ROOT / "tests" / "evaluation" / "imports"


@pytest.mark.parametrize(("business", "least"), [("climbing", 0.6), ("broadband", 0.65)])
def test_what_is_asked_stands_in_what_is_found_first(business, least, database, tmp_path):
    knowledge = KnowledgeBase(KnowledgeStore(database), get_encoder("use*0.4+search*0.6"), tmp_path)
    reading = read(IMPORTS / business / "docs")
    assert reading.failures == []
    knowledge.put(reading.articles, business)
    questions = yaml.safe_load((IMPORTS / business / "questions.yml").read_text("utf-8"))["questions"]
    asked = [one for one in questions if one["file"] and one.get("expect")]
    found = [knowledge.search(one["question"], one["language"], business).passages[0].text for one in asked]
    right = [all(str(part).casefold() in text.casefold() for part in one["expect"]) for one, text in zip(asked, found)]
    assert sum(right) / len(right) >= least
