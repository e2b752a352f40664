from tongshi.language.chinese import to_simplified, to_traditional


def test_simplified_text_becomes_traditional():
    assert to_traditional("我们会退还您的订单款项") == "我們會退還您的訂單款項"


def test_traditional_text_becomes_simplified():
    assert to_simplified("我們會退還您的訂單款項") == "我们会退还您的订单款项"


def test_other_scripts_and_figures_are_left_as_they_are():
    text = "MD-10234 Aurora €49 ดี привет"
    assert to_traditional(text) == to_simplified(text) == text
