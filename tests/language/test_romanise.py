import pytest

from tongshi.language.romanise import spellings


@pytest.mark.parametrize(
    ("language", "text", "typed"),
    [
        ("ru", "Где ещё щётка?", "gde eshche shchetka?"),
        ("ru", "хочу вернуть", "xo4u vernut'"),
        ("ar", "ممكن أرجع السماعة", "mamkan arga3 el sama3a"),
        ("zh", "绿色的快递什么时候到", "lvse de kuaidi shenme shihou dao"),
        ("ja", "注文はいつ届きますか", "chuumon wa itsu todokimasu ka"),
        ("ja", "ちょっと待ってください", "chotto matte kudasai"),
        ("ko", "안 왔어요", "an wasseoyo"),
        ("th", "เงินคืนเมื่อไหร่", "ngoen khuen muearai"),
    ],
)
def test_other_scripts_are_spelt_as_customers_type_them(language, text, typed):
    assert typed in spellings(text, language)


def test_what_is_in_latin_letters_is_not_spelt_anew():
    assert spellings("gde moy zakaz", "ru") == spellings("Where is it?", "en") == []
