"""Words and sentences of twelve languages, by spaCy.

Chinese is cut by jieba, Japanese by Sudachi, Thai by PyThaiNLP's dictionary, all behind spaCy's blank pipelines; the others at white space
and punctuation by spaCy's own rules.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import regex
import snowballstemmer

_STEMMERS = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian", "pt": "portuguese", "ru": "russian",
}  # fmt: skip
_CONFIG = {
    "zh": {"nlp": {"tokenizer": {"segmenter": "jieba"}}},
    # spaCy's Korean tokenizer needs mecab-ko, which is no Python package; its rules do for chat.
    "ko": {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}},
}
_SPLIT = regex.compile(r"\p{L}[\p{L}\p{M}'’]*|\d+(?:[.,]\d+)*|[^\s\p{L}\d]")
_END = regex.compile(
    r"""(?<=[。！？؟۔])["'”’»」』）)]*\s* | (?<=[.!?…])["'”’»)\]]*\s+(?=[\p{Lu}\p{Lo}\d¿¡«"“„(]) | \n+ """, regex.X
)


@dataclass(frozen=True)
class Token:
    """A word and where it starts in the text, in characters."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@cache
def _pipeline(language: str):
    import logging

    import spacy

    logging.getLogger("jieba").setLevel(logging.WARNING)
    return spacy.blank(language, config=_CONFIG.get(language, {})).tokenizer


_ONE_AT_A_TIME = threading.Lock()


def _tokens(text: str, language: str) -> list:
    """spaCy's tokens of a text. Sudachi serves one thread at a time and refuses the others."""
    with _ONE_AT_A_TIME:
        return list(_pipeline(language)(text))


def tokenize(text: str, language: str) -> list[Token]:
    """Words and punctuation marks in order, white space left out."""
    if language in ("zh", "ja", "th"):
        return [Token(token.text, token.idx) for token in _tokens(text, language) if not token.is_space]
    return [Token(match.group(), match.start()) for match in _SPLIT.finditer(text)]


# What spaCy's lists hold although it can be what is asked for: things, dealings, states, times.
_TELLING = {
    "ar": "مساء يوم",
    "de": "dank ende gross grosse großen große jahr jahre jahren kleine kleinen kleiner kleines kurz lang lange leicht mittel"
    " morgen neue neuen neun schlecht statt tag tage tagen teil uhr vergangene vergangenen zeit zurück zwei drei vier fünf"
    " sechs zehn zwanzig",
    "en": "amount back bottom eight eleven empty fifteen fifty first five forty four front full get last move nine other others"
    " part regarding side sixty six ten third three top twelve twenty two used using",
    "es": "acuerdo cinco cuatro dia dias diez doce dos día días estado estados fin final gran grande grandes hacer informo largo"
    " llevar mal mayor nueva nuevas nueve nuevo nuevos ocho otra otras otro otros parte partir pasada pasado poner primera"
    " primero próximo seis siete tarde temprano total tres usar uso última último",
    "fr": "autre autres bas cinq deux deuxième directe dix douze huit nouveau onze ouvert ouverte ouverts personne première premier"
    " procedant quatre quinze rendre retour seize sept six stop trente trois vingt",
    "it": "altri altro anni anno casa cento due giorni giorno grande lavoro lungo lontano male mancanza marche mesi mezzo nove"
    " nuovo ora ore otto parte primo prima registrazione sette sei tre trenta ultimo vario",
    "pt": "apoio cinco comprida comprido corrente dez dois doze duas fim final grande grandes inclusive iniciar inicio ligado local"
    " lugar maior menor mês meses mil nova novas nove novo novos número números oito outra outras outros parte ponto pontos"
    " primeira primeiro quatro quieto segunda segundo seis sete sistema três usar vinda vindo vinte",
    "ru": "другая другие другой других другое ела назад общую пора рано рядом снова",
    "th": "กลุ่ม กว้าง จัด จัดการ จัดงาน จัดตั้ง จัดทำ จัดหา จัดให้ ช้า ตั้ง ถูก ทุกวัน นาน ปรับ ปิด ผิด พร้อม ยาว รับ วัน วันใด"
    " ส่ง ส่วน หมด เก็บ เปลี่ยน เปลี่ยนแปลง เพิ่ม เพิ่มเติม เล็ก เสีย เสร็จ ใช้ ใหญ่ ใหม่ ใหม่ๆ ให้ไป แบบ แรก",
    "zh": "一天 一片 两者 中小 代替 使用 促进 保持 保管 保险 借 分头 分期 分期分批 加上 半 单 取得 合理 安全 完成 实现 带 常 扩大 打 拿 掌握 方便 替 替代 最大 最高 最好 每天 每年 用 用来 白 练习 组成 结合 老"
    " 良好 转动 转变 较 边 进入 适应 适用 部分 限制 除 隔夜 隔日 零 附近 需要 特殊 巨大 大 小 一次 二 三 四 五 六 七 八 九 千",
    "ja": "うち ひと",
    "ko": "년 일 원 말 받 주 보 크 살 하나 두 일",
}  # fmt: skip
# What they lack: particles, greetings and polite words.
_UNTELLING = {
    "ar": "فضلك سمحت مرحبا السلام عليكم هذول دي ده",
    "de": "bitte hallo hi hey moin servus mal denn nochmal",
    "en": "hi hello hey pls plz thx thanks hiya",
    "es": "favor porfa porfi hola oye buenas gracias",
    "fr": "plaît plait svp stp bonjour salut bonsoir vous merci",
    "it": "ciao salve buongiorno scusi scusa senta",
    "pt": "olá ola oi pf pfv porfavor esse essa",
    "ru": "привет здравствуйте подскажите скажите плиз",
    "ja": "って 御 あの すみません",
    "ko": "은 는 이 가 을 를 요 도 만 의 거 건 게 저 이거 저거 그거 이건 그건 저기 혹시",
    "th": "คับ ฮะ จ้า อ่ะ อะ สอบถาม",
    "zh": "请 请问 问 问下 问一下 麻烦 款 现在 呀",
}


def says_nothing(text: str, language: str) -> bool:
    """Whether a text has but articles, pronouns, particles and other words without a meaning of their own.

    By spaCy's lists of them, less `_TELLING`; a letter alone is such a word too, but not a character of Chinese, Japanese or Korean.
    """
    words = (token.text.lower() for token in tokenize(text, language) if any(map(str.isalnum, token.text)))
    return all(word in _stop_words(language) or len(word) < 2 and _LETTER_ALONE.fullmatch(word) for word in words)


_LETTER_ALONE = regex.compile(r"[\p{Latin}\p{Cyrillic}\p{Arabic}\p{Thai}]")


@cache
def _stop_words(language: str) -> frozenset[str]:
    listed = import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS
    return frozenset(listed) - frozenset(_TELLING.get(language, "").split()) | frozenset(_UNTELLING.get(language, "").split())


def is_chinese_word(word: str) -> bool:
    """Whether jieba's dictionary has a word, in simplified characters."""
    import jieba

    _pipeline("zh")
    jieba.initialize()
    return bool(jieba.dt.FREQ.get(word))


def terms(text: str, language: str) -> list[str]:
    """What a text is found by word for word: its words without case, as stems where the language has them.

    Korean words, whose endings no stemmer here takes off, are cut into pairs of syllables.
    """
    words = [token.text.casefold() for token in tokenize(text, language) if token.text[0].isalnum()]
    if language == "ko":
        return [word[at : at + 2] for word in words for at in range(max(1, len(word) - 1))]
    return _stemmers.of(language).stemWords(words) if language in _STEMMERS else words


class _Stemmers(threading.local):
    """A stemmer holds the word that it works on, so each thread has its own."""

    def __init__(self) -> None:
        self._made: dict = {}

    def of(self, language: str):
        if language not in self._made:
            self._made[language] = snowballstemmer.stemmer(_STEMMERS[language])
        return self._made[language]


_stemmers = _Stemmers()


def tagged(text: str, language: str) -> list[tuple[str, str]]:
    """Words with their part of speech as the segmenter's dictionary names it: Sudachi's for Japanese, jieba's for Chinese."""
    if language == "ja":
        return [(token.text, token.tag_) for token in _tokens(text, "ja")]
    if language == "zh":
        import jieba.posseg

        return [(one.word, one.flag) for one in jieba.posseg.lcut(text)]
    raise ValueError(f"There are no parts of speech for {language!r}.")


_SAID_OTHERWISE = {("は", "助詞-係助詞"): "ワ", ("へ", "助詞-格助詞"): "エ"}


def readings(text: str) -> list[str]:
    """Japanese words by how they are said, in Katakana, as Sudachi's dictionary has it; what is in Latin letters as it stands.

    Endings stand with the word that they belong to.
    """
    words: list[str] = []
    for token in _tokens(text, "ja"):
        said = _SAID_OTHERWISE.get((token.text, token.tag_)) or "".join(token.morph.get("Reading")) or token.text
        if words and token.tag_ in ("助動詞", "助詞-接続助詞") and token.text != "です":
            words[-1] += said
        else:
            words.append(token.text if token.text.isascii() else said)
    return words


def sentences(text: str) -> list[str]:
    """Sentences of a text of any of the twelve languages, in order, without outer white space.

    Thai marks the end of a sentence by a space only, and not every space ends one: Thai text is cut at line ends.
    """
    return [piece.strip() for piece in _END.split(text) if piece and piece.strip()]
