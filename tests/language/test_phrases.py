import pytest

from tongshi.language.phrases import PhraseFinder


@pytest.fixture(scope="module")
def finder():
    return PhraseFinder(
        [
            ("power bank", "power_bank"),
            ("power", "power"),
            ("headphones", "headphones"),
            ("Kopfhörer", "headphones"),
            ("наушники", "headphones"),
            ("سماعات", "headphones"),
            ("이어폰", "earbuds"),
            ("ลำโพง", "speaker"),
            ("移动电源", "power_bank"),
            ("白", "white"),
            ("black", "black"),
            ("écouteurs", "earbuds"),
            ("charger", "charger"),
            ("charged", "battery"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my Power Bank broke", "power_bank"),
        ("my power-bank", "power_bank"),
        ("the powerbank", "power_bank"),
        ("HEADPHONES!", "headphones"),
        ("kopfhörer", "headphones"),
        ("Kopfhorer", "headphones"),
        ("Наушники сломались", "headphones"),
        ("أريد إرجاع السماعات", "headphones"),
        ("وسماعات", "headphones"),
        ("이어폰을 반품하고 싶어요", "earbuds"),
        ("산 건 이어폰이고요", "earbuds"),
        ("이어폰이었는데 고장", "earbuds"),
        ("ลำโพงเสีย", "speaker"),
        ("我的移动电源坏了", "power_bank"),
        ("白がいいです", "white"),
        ("Ecouteurs", "earbuds"),
    ],
)
def test_a_phrase_is_found_as_its_language_writes_it(finder, text, value):
    assert [found.value for found in finder.find(text)] == [value]


@pytest.mark.parametrize("text", ["面白いですね", "blackmail", "empowered", "superpower", "Kopf hoch", "سماعاتهمم"])
def test_a_phrase_within_another_word_is_not_meant(finder, text):
    assert finder.find(text) == []


@pytest.mark.parametrize("text", ["changer d'adresse", "changes", "blocks"])
def test_what_is_a_word_of_its_own_is_no_typo(finder, text):
    assert finder.find(text) == []


@pytest.mark.parametrize("text", ["haedphones", "headphone", "headphoness", "hesdphones", "Kopfhöhrer", "наушникы"])
def test_one_letter_wrong_is_forgiven_but_counts_as_less_sure(finder, text):
    (found,) = finder.find(text)
    assert (found.value, found.confidence) == ("headphones", 0.8)


def test_a_typo_between_two_phrases_is_not_guessed_at(finder):
    assert finder.find("chargex") == []


def test_short_words_must_be_right(finder):
    assert finder.find("blcak") == []


def test_places_are_those_of_the_original_text_though_letters_fold_to_two(finder):
    text = "ß ﬁ: the ｐｏｗｅｒ bank, please"
    (found,) = finder.find(text)
    assert text[found.start : found.end] == "ｐｏｗｅｒ bank"


def test_several_phrases_come_in_order_and_the_longest_wins(finder):
    assert [found.value for found in finder.find("black power bank and headphones")] == ["black", "power_bank", "headphones"]


def test_a_phrase_of_another_language_is_no_match_for_a_word_of_ones_own():
    finder = PhraseFinder(
        [("dos", "2"), ("deux", "2"), ("pico", "MER-HP-110")], {"dos": {"es"}, "deux": {"fr"}, "pico": {"de", "en", "fr", "it"}}
    )
    assert finder.find("mal au dos", "fr") == []
    assert [one.value for one in finder.find("dos, por favor", "es")] == ["2"]
    assert [one.value for one in finder.find("dos")] == ["2"]
    assert [one.value for one in finder.find("el pico", "es")] == ["MER-HP-110"]


def test_a_letter_wrong_in_several_words_is_forgiven_but_no_figure():
    finder = PhraseFinder([("meridian book 14", "laptop"), ("tab", "tablet"), ("meridian tab", "tab")])
    assert [(one.value, one.confidence) for one in finder.find("the merdian book 14")] == [("laptop", 0.8)]
    assert finder.find("the merdian book 15") == []
    assert [one.value for one in finder.find("merdian tab")] == ["tab"]


def test_a_phrase_keeps_the_marks_of_its_last_letter(finder):
    text = "أريد سماعاتٍ جديدة"
    (found,) = finder.find(text)
    assert text[found.start : found.end] == "سماعاتٍ"


@pytest.mark.parametrize("text", ["بكم ساعة رياضية", "بكم الساعة الرياضية", "والساعه الرياضيه"])
def test_arabic_has_its_article_before_each_word(text):
    found = PhraseFinder([("ساعة رياضية", "watch"), ("ساعة", "hour")]).find(text)
    assert [one.value for one in found] == ["watch"]
