"""Postal addresses as people of twelve languages write them: where one stands in a message.

Only what has the build of an address counts: a street with its number and a town or postcode beside it, or the administrative parts that Chinese,
Japanese, Korean and Thai addresses are made of. A tagger of names tells persons and places apart, not where an address begins and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import regex

from tongshi.files import read_yaml
from tongshi.language.text import fold_digits, fold_width

_PLACES = read_yaml(Path(__file__).with_name("addresses.yml"))


def _any(names: str) -> str:
    """A pattern of any of these names, the longest first."""
    return "|".join(regex.escape(name) for name in sorted(names.split(), key=len, reverse=True))


def _none_of(words: str) -> str:
    """A pattern for a place where none of these words comes next."""
    return rf"(?!(?-i:{words})(?![\p{{L}}\p{{M}}]))"


_COUNTED = (
    r"days?|weeks?|months?|years?|hours?|minutes?|mins?|times?|stars?|pieces?|people|calls?|emails?|parcels?|boxes|items?|percent"
    r"|[Tt]agen?|[Tt]age|[Ww]ochen?|[Mm]onaten?|[Mm]onate?|[Jj]ahren?|[Jj]ahre?|[Ss]tunden?|[Mm]inuten?|[Mm]al|[Uu]hr|[Ss]tück|[Pp]akete?"
    r"|jours?|semaines?|mois|ans?|heures?|fois|pièces|d[ií]as?|semanas?|mes(?:es)?|años?|horas?|minutos?|veces|vez|unidades"
    r"|giorni|giorno|settimane|settimana|mesi|mese|anni|ore|minuti|volte|pezzi|anos?|vezes"
    r"|дн(?:я|ей|и)|день|недел[июья]|месяц(?:а|ев)?|час(?:а|ов)?|минут[ыу]?|раза?|штук[иа]?|шт|лет|года?"
    r"|أيام|ايام|يوم|يوما|أسابيع|اسابيع|أسبوع|اسبوع|أشهر|اشهر|شهور|شهر|سنوات|سنين|سنة|ساعات|ساعة|دقائق|دقيقة|مرات|مرة|قطع|طلبات|ريال|جنيه|درهم"
)
"""What is counted by a number that is none of a house: "3 days all the way", "camino 3 horas"."""
_PROSE = (
    rf"{_COUNTED}|all|any|no|not|nothing|some|more|in|on|at|to|by|for|from|with|and|or|is|was|are|were|a|an|it|i|we|you|they|my|your|our|his|her|their"
    r"|its|this|that|these|those|only|just|half|e-?mail|mail|corriere|correo|pec|sms|app|chat|fax|web|whatsapp|telefono|internet|online|es|era|está"
    r"|è|é|em|en|que|qui|che|con|com|por|para|per|pour|avec|à|je|est|son|sono|casa|boa|bonne|не|на|в|и|с|за|по|это|был|была"
)
"""Words in small letters that stand in no name of a street, but in "20 minutes in the square" and "via mail 3"."""
_ARABIC_PROSE = (
    rf"{_COUNTED}|لا|لم|لن|ما|ليس|ليست|مش|مو|غير|بدون|منذ|من|في|على|الى|إلى|عن|مع|قبل|بعد|هذا|هذه|كان|كانت|الدفع|الشحن|التوصيل|التواصل|الارجاع|الإرجاع"
    r"|هل|ماذا|كيف|متى|لماذا|ليش|وين|أين|اين|شو|ايش|وش|كم|طلبي|الطلب|شكرا|رجاء|ارجو|أرجو|لكن|وصل|وصلت|وصلني|يصل|انتظر|انتظرت|رقم|عمارة|بناية|مبنى|فيلا"
)
_NAME = r"[\p{L}\p{M}'’.\-]+"
_PROPER = rf"{_none_of(_PROSE)}{_NAME}"
_ARABIC_WORD = rf"{_none_of(_ARABIC_PROSE)}[\p{{L}}\p{{M}}]+"
_ARABIC_NAME = rf"{_ARABIC_WORD}(?:\s+{_ARABIC_WORD}){{0,3}}?"
_NO = rf"\d{{1,5}}(?:\s?[a-zа-я](?!\p{{L}}))?(?:\s?[-/]\s?\d{{1,4}})?(?!\s?(?-i:{_COUNTED})(?!\p{{L}}))"
_BEFORE = r"(?:flat|apt\.?|apartment|unit|suite|floor|wohnung|appt\.?|piso)\s*[\w]{1,5},?\s+"
_STREETS = (
    # English: number first.
    rf"(?:{_BEFORE})?{_NO},?\s+(?:(?:{_PROPER}|\d{{1,3}}(?:st|nd|rd|th))\s+){{1,4}}?(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|square|sq|court|crescent|terrace|way|place|boulevard|blvd|close)\b\.?",
    # German: the kind of street ends its name, or stands behind it.
    rf"(?:{_NAME}|(?-i:\p{{Lu}})\p{{L}}+(?:er|e|en)\s)(?:straße|strasse|str\.?|weg|platz|allee|gasse|ring|damm|ufer|markt)\s*{_NO}",
    # French: number first, or last as in Switzerland and Belgium.
    rf"\d{{1,4}}\s?(?:bis|ter|quater)?,?\s+(?:rue|avenue|av\.?|boulevard|bd|chemin|impasse|place|allée|quai|route|cours|square)\s+{_PROPER}(?:\s+{_NAME}){{0,4}}",
    rf"(?:rue|avenue|boulevard|chemin|place|allée|quai|route)\s+{_PROPER}(?:\s+{_NAME}){{0,3}}?,?\s+{_NO}",
    # Spanish, Italian, Portuguese: number last.
    rf"(?:(?:c/|av(?:da?)?\.|pza\.|v\.le|p\.za|c\.so|r\.)\s*|(?:calle|avenida|avd?a?|plaza|pza|paseo|camino|carrer|carrera|ronda|travesía|via|viale|piazza|corso|vicolo|largo|strada|rua|travessa|praça|estrada|alameda)\s+)"
    rf"{_PROPER}(?:\s+{_PROPER}){{0,5}}?,?\s+(?:n[.ºo°]*\s*)?{_NO}",
    # Colombian: the street has a number as well.
    r"(?:carrera|cra\.?|calle|cll?\.?|transversal|diagonal)\s+\d{1,3}\s?[a-z]?\s?(?:#|n[.º°o]{1,2})\s?\d{1,3}(?:\s?-\s?\d{1,3})?",
    # Russian.
    rf"(?:(?:ул|пр-т|просп|пер|наб|ш|бул|пл)\.\s*|(?:ул|улица|пр-т|проспект|переулок|набережная|шоссе|бульвар|площадь)\s+)"
    rf"{_PROPER}(?:\s+{_PROPER}){{0,2}}?,?\s+(?:(?:д\.?|дом)\s*)?{_NO}",
    rf"(?=\p{{Cyrillic}}){_PROPER}\s+(?:улица|проспект|переулок|набережная|шоссе|бульвар|площадь),?\s+(?:(?:д\.?|дом)\s*)?{_NO}",
    # Arabic: number last or first.
    rf"(?:شارع|طريق|حي)\s+{_ARABIC_NAME}\s*،?\s*(?:(?:عمارة|بناية|مبنى|فيلا|رقم)\s*)?{_NO}",
    rf"(?:شارع|حي)\s+{_ARABIC_NAME}\s*،\s*(?:شارع|عمارة|بناية|مبنى|فيلا)\s+(?:{_ARABIC_NAME}\s+)?{_NO}",
    rf"{_NO}،?\s*شارع\s+{_ARABIC_NAME}",
    # A box at the post office.
    r"(?P<box>p\.?\s?o\.?\s?box|postfach|boîte postale|apartado de correos|casella postale|caixa postal|а/я|абонентский ящик|صندوق بريد|ص\.\s?ب\.?)\s*:?\s*\d{1,6}",
    # Am Alten Markt 3; 4 The Green. So begins prose as well: "Am Freitag 14".
    rf"(?P<doubtful>(?-i:Am|An|Auf|Im|In|Unter|Zum|Zur)\s(?:(?:der|dem|den|alten|neuen)\s)?(?-i:\p{{Lu}})\p{{Ll}}+(?:\s(?-i:\p{{Lu}})\p{{Ll}}+)?\s{_NO}"
    rf"|{_NO},?\s+the\s+{_PROPER}(?:\s+{_PROPER})?(?=\s*,))",
)
_STREET = regex.compile(rf"(?<![\p{{L}}\d])(?:{'|'.join(_STREETS)})(?![\p{{L}}\d])", regex.I)
_BARE_STREETS = (
    # "Gran Vía 22, 28013 Madrid": number, postcode and town follow.
    rf"(?-i:\p{{Lu}})\p{{L}}+(?:\s(?:(?-i:\p{{Lu}})\p{{L}}+|de|del|la|las|los|di|da|do|dos)){{0,4}}?,?\s{_NO}(?=\s?,\s?\d{{4,6}}\s(?-i:\p{{Lu}}\p{{Ll}}))",
    # "125009, Москва, Тверская 7": postcode and town stand before it.
    rf"(?<=\d{{6}},?\s(?:г\.\s?)?(?-i:\p{{Lu}})[\p{{L}}\-]+,\s)(?-i:\p{{Lu}})[\p{{L}}\-]+(?:\s[\p{{L}}\-]+)?,?\s(?:(?:д\.?|дом)\s*)?{_NO}",
)
_BARE_STREET = regex.compile(rf"(?<![\p{{L}}\d])(?:{'|'.join(_BARE_STREETS)})(?![\p{{L}}\d])", regex.I)
"""A street of any name. Only looked for where none of the others is found."""
_NEAR = 60
"""Characters behind the street within which postcode or known town begins."""
_POSTCODE = regex.compile(
    r"(?<![\d\p{Latin}\-])(?:\d{4}-\d{3}|\d{5}-\d{3}|\d{5,6}|(?!(?:19|20)\d\d(?!\s(?-i:\p{Lu})))\d{4}"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s?(?!1st|2nd|3rd|\dth)\d[A-Z]{2}|[A-Z]\d[\dW]\s?(?=[A-Z\d]{0,3}\d)[A-Z\d]{4}|[A-Z]\d[A-Z]\s?\d[A-Z]\d)(?![\d\p{Latin}\-])",
    regex.I,
)
_TOWN = regex.compile(
    r"^[^,،\n]{0,20}(?:[,،\n][^,،\n\d]{0,16}\d[^,،\n]{0,16})*[,،\n]\s*"
    r"(?:(?:(?:[Ll]a|[Ee]l|[Ll]e|[Dd]en)\s|[Ll]['’])?\p{Lu}[\p{L}\p{M}'’.]*"
    r"(?:[\s\-](?:\p{Lu}[\p{L}\p{M}'’.]*|am|an|der|in|on|upon|im|sur|sous|les?|la|las|los|de|del|della|di|da|do|dos|den|на)){0,3}"
    rf"|(?:{_none_of(_ARABIC_PROSE)}\p{{Arabic}}[\p{{Arabic}}\p{{M}}--[،؟]]*\s?){{1,3}})[\s\-]?(?=$|[,،\n\d.!()/]|-\s)",
    regex.V1,
)
"""A town behind the street, number and door: ", Springfield", "، القاهرة". It has a capital where the script has any: "nothing came" is none."""
_TOWNS = "|".join(_any(line).replace(r"\-", r"[\s\-]") for line in _PLACES["towns"])
_KNOWN_TOWN = regex.compile(rf"[,،\s](?:{_TOWNS})(?![\p{{L}}\p{{M}}])", regex.I)
_ABOVE = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}])(?i:{_TOWNS})[,،]\s*$|(?:حي|منطقة)\s+[\p{{L}}\s]{{2,30}}،\s*$|"
    r"(?:\d{4,6},?\s+)?(?:г\.|город)\s*[\p{L}\-]+,\s*$|\d{4,6},?\s+\p{L}[\p{L}\-]+,\s*$|\d{6},\s*$"
    r"|(?<![\p{L}\p{M}])(?P<run>(?:(?:c/o|z\.\s?[Hh]d\.|attn\.?:?)\s+)?"
    r"(?:\p{Lu}[\p{L}\p{M}'’.\-]*\s(?:(?:von|van|der|den|de|del|da|di|du|la|le|und|and|y|e|et|&|и)\s){0,3}){0,5}\p{Lu}[\p{L}\p{M}'’\-]+),\s*$"
)
"""What may stand before the street: the town, or the postcode with it; or the whole name of who lives there."""
_LONGEST_ABOVE = 90
_NO_NAME = regex.compile(
    r"^(?:.*(?:adresse?|anschrift|address|direcci[oó]n|indirizzo|endereço|morada|адрес)\s+"
    r"|(?:(?:hi|hello|hey|dear|yes|no|nope|ok(?:ay)?|sorry|please|thanks|well|send|ship|deliver|hallo|moin|ja|nein|doch|bitte|danke|entschuldigung|an"
    r"|bonjour|salut|oui|non|merci|pardon|hola|s[iíì]|gracias|perd[oó]na?|vale|ciao|buongiorno|grazie|scus[ai]|ol[áa]|oi|sim|n[ãa]o|obrigad[oa]|desculpe"
    r"|привет|здравствуйте|да|нет|спасибо|извините)(?!\p{L})\s*)+)",
    regex.I,
)
"""What begins with a capital before a name and is no part of it."""
_OPENS = regex.compile(r"(?:^|[:\n,.;!?–-])\s*$")

# China, Taiwan. No name of a place has one of these characters, so that one of 2 to 5 characters ends where the words before it end.
_HAN = r"[\p{Han}--[的了是在到至寄送住改換换給给我你他她它们們吗嗎呢吧把被让讓没沒不请請麻烦煩谢謝址这這那哪]]"
_AFTER_WORDS = r"(?<=^|[^\p{Han}]|[是在到至成为為往寄送住址给給])"
_ZH_NO = r"(?:\d{1,5}|[一二三四五六七八九十百零〇]{1,5})"
_ZH_REGION = (
    rf"(?:中国|中國)?(?:(?:{_any(_PLACES['zh_provinces'] + ' ' + _PLACES['zh_towns'])})(?:省|市|(?:壮族|回族|维吾尔)?自治区|(?:特别|特別)行政[区區])?"
    rf"|{_AFTER_WORDS}{_HAN}{{2,5}}?[省市])\s?(?:{_HAN}{{2,5}}?(?:市|自治州|州|盟)\s?)?(?!市?[区區])"
)
_ZH_DISTRICT = rf"{_HAN}[{_HAN}--[区區县縣镇鎮乡鄉旗]]{{0,5}}[区區县縣镇鎮乡鄉旗]\s?"
_ZH_STREET = rf"[{_HAN}\d]{{1,16}}?(?:[路街道巷弄村里园園苑]|胡同|大院)(?:[东西南北中東]?[一二三四五六七八九十]{{1,2}}?段)?(?:{_ZH_NO}[巷弄])?\s?{_ZH_NO}\s?(?:[号號]|弄|栋|棟|幢|座)"
_ZH_BLOCK = rf"{_HAN}{{2,12}}?\s?{_ZH_NO}\s?(?:[号號]|弄|栋|棟|幢|座|单元|室)"
_ZH_ON_THAT_DAY = r"(?<![号號](?=[发發下买買的才就前后後以付退]|收(?![件货貨])|到(?!付)|寄|之\D))"
_ZH_INSIDE = (
    rf"(?:[楼樓院])?(?:\s?(?:{_HAN}{{1,8}}?(?:大厦|大廈|大楼|大樓|广场|廣場|小区|小區|花园|花園|公寓|家园|宿舍))?(?:之{_ZH_NO}|[\-－]\d{{1,5}}"
    rf"|(?:[A-Za-z]?\d{{1,5}}(?![\dA-Za-z])|[A-Za-z](?![A-Za-z])|[一二三四五六七八九十]{{1,3}})\s?(?:[号號][楼樓]?|[栋棟幢座楼樓层層室户戶房期]|单元|單元)"
    r"|[A-Za-z]?\d{1,5}(?![\dA-Za-z]|\s?[天次个個件元块塊月日年点點小分周週号號])))*"
)
# Japan.
_JA_SIGN = r"(?:(?!を|です|ます|した|って|から|まで|ません|いて|けど|ので|(?<=\p{Han})[はへにで])[\p{Han}\p{Hiragana}\p{Katakana}ーヶ\s])"
_JA_NO = r"\d{1,4}(?!\d)(?!\s?(?:日(?!本)|時|分|個|回|週|年|月|人|円|点|台|つ|か月|ヶ月|件|本|枚|歳))"
_JA_MORE = r"(?:[-－‐−]\d{1,4}(?!\d)|丁目|番地?|号室?|条[東西南北]?|の(?=\d)|\d{1,4}(?!\d))"
_JA_INSIDE = r"(?:\s+(?!MD|注文|電話|郵便|よろしく|宜しく)[\p{Han}\p{Katakana}\p{Latin}ー\d\-]+){0,3}"
_JA_POSTCODE = r"(?:〒?\s?\d{3}-\d{4}\s*)?"
_KO_NO = r"\d{1,5}(?:-\d{1,4})?(?!\d|길|로\s*\d|\s?(?:개|일|시간|분|원|명|주|달|년|월|회|번(?!길|지)|박스))(?:번지)?"
_ZH = (
    rf"(?:{_ZH_REGION}(?:(?:{_ZH_DISTRICT}){{0,3}}{_ZH_STREET}|(?:{_ZH_DISTRICT}){{1,3}}{_ZH_BLOCK})|{_AFTER_WORDS}(?:{_ZH_DISTRICT}){{1,3}}{_ZH_STREET})"
    rf"{_ZH_ON_THAT_DAY}{_ZH_INSIDE}"
)
# From the prefecture; or from a town whose blocks are counted: 2-2-1, 2丁目.
_JA = (
    rf"{_JA_POSTCODE}(?:(?:{_any(_PLACES['ja_prefectures'])})[都府県]?\s?{_JA_SIGN}{{1,14}}?[市区町村郡]{_JA_SIGN}{{0,16}}?{_JA_NO}{_JA_MORE}{{0,8}}"
    rf"|(?<!\p{{Han}}){_HAN}{{1,4}}市{_HAN}{{1,4}}区{_JA_SIGN}{{1,14}}?[町通丁]{_JA_NO}{_JA_MORE}{{0,8}}"
    rf"|(?:(?:{_any(_PLACES['ja_towns'])})市?|(?<!\p{{Han}})(?!\p{{Han}}{{0,4}}(?:住所|先)){_HAN}{{1,4}}[市区])"
    rf"{_JA_SIGN}{{1,16}}?{_JA_NO}(?=[-－‐−]\d|丁目|番|の\d){_JA_MORE}{{1,8}}){_JA_INSIDE}"
)
_KO = (
    rf"(?:(?:{_any(_PLACES['ko_regions'])})(?:특별자치시|특별자치도|특별시|광역시|시|도)?\s+|\p{{Hangul}}{{1,6}}(?:특별시|광역시|특별자치시|시|도|특별자치도)\s+)"
    rf"(?:\p{{Hangul}}{{1,6}}[시군구]\s+){{1,2}}(?:\p{{Hangul}}{{1,6}}[읍면동]\s+)?\p{{Hangul}}{{1,8}}(?:\d{{0,3}}(?:(?<!으)로|길)|\d?가|동|리)\s*(?:\d{{1,4}}번?길\s*)?{_KO_NO}"
    r"(?:,?\s*(?:(?:\d{1,5}|[A-Z])(?:동|호|층)|\p{Hangul}{1,10}(?:아파트|빌딩|타워|빌라)|(?:우편\s?번호\s?:?\s?)?\(?\d{5}\)?(?!\d)|대한민국|한국(?!\p{L})))*"
)
_TH = (
    r"(?:บ้านเลขที่\s*)?\d{1,4}(?:/\d{1,4})?\s+(?:หมู่(?:ที่)?\s*\d+|ม\.\s*\d+|ซอย|ซ\.|ถนน|ถ\.|หมู่บ้าน)[\p{Thai}\p{M}.\s\d/]{3,120}?"
    rf"(?:\d{{5}}(?!\d)|(?:{_any(_PLACES['th_provinces'])})(?:มหานคร)?[ฯ.]?(?:\s?\d{{5}}(?!\d))?(?![\p{{Thai}}\p{{M}}]))"
)
_BY_PARTS = {
    regex.compile(rf"\p{{{script}}}"): regex.compile(whole, regex.V1)
    for script, whole in (("Han", f"(?:{_ZH})|(?:{_JA})"), ("Hangul", _KO), ("Thai", _TH))
}
"""Addresses that are made of administrative parts, a script whose letters a text needs for one."""
_END = regex.compile(
    r"[!?！？。\n]|\.\s+(?-i:(?=\p{Ll}|\p{Lu}\p{Ll}+\s\p{Ll}))|\s(?:schicken|senden|liefern|please|thanks|bitte|danke|merci|gracias|grazie|obrigad[oa]|svp|s'il|por favor|por gentileza|per favore|per cortesia|пожалуйста|спасибо)\b"
    r"|\s(?-i:is|ist|est|es|è|é|это)\s"
    r"|[,;]?\s(?:and|but|because|so|und|aber|weil|denn|et|mais|car|y|pero|porque|e|ma|mas|и|но|а|потому)\s(?-i:(?=\p{Ll}))"
    r"|[,،;]?\s+(?:[^\s@]+@\S|MD-?\d{4})|\s+(?:谢谢|謝謝|ありがとう|お願い|よろしく|감사|부탁)"
    r"|[،,]?\s(?:لو سمحت|من فضلك|شكرا|رجاء|وهل|ولكن|لأن|لان)(?!\p{L})",
    regex.I,
)
_NUMBER = regex.compile(r"[\d一二三四五六七八九十百]")


@dataclass(frozen=True)
class Address:
    """An address in a text, as it is written there."""

    start: int
    end: int
    value: str


def find_address(text: str) -> Address | None:
    """The first address of a text; None where there is none."""
    folded = fold_digits(fold_width(text))
    if not _NUMBER.search(folded):
        return None
    by_parts = [match for script, whole in _BY_PARTS.items() if script.search(folded) and (match := whole.search(folded))]
    if by_parts:
        return _address(text, *min(match.span() for match in by_parts))
    for pattern in (_STREET, _BARE_STREET):
        for street in pattern.finditer(folded):
            if place := _around(folded, street):
                return _address(text, *place)
    return None


def _around(text: str, street: regex.Match) -> tuple[int, int] | None:
    """From where to where an address goes that has this street; None where nothing beside it says that it is one."""
    found = street.groupdict()
    rest = text[street.end() :]
    end = street.end() + (stop.start() if (stop := _END.search(rest)) else len(rest))
    tail = text[street.end() : end]
    start, has_place = _begin(text, street.start())
    is_near = any((one := pattern.search(tail)) and one.start() <= _NEAR for pattern in (_POSTCODE, _KNOWN_TOWN))
    if is_near or not found.get("doubtful") and (has_place or _TOWN.search(tail)):
        return start, end
    return (start, street.end()) if found.get("box") else None


def _begin(text: str, street: int) -> tuple[int, bool]:
    """Where the town or name before a street begins, and whether it says that an address stands here.

    A single word in the middle of a sentence does not: "am Montag, Hauptstraße 5 …".
    """
    from_ = max(0, street - _LONGEST_ABOVE)
    if not (above := _ABOVE.search(text[from_:street])):
        return street, False
    start = from_ + above.start()
    if not (run := above["run"]):
        return start, True
    skipped = no_name.end() if (no_name := _NO_NAME.match(run)) else 0
    if skipped == len(run):
        return street, False
    start += skipped
    is_name = " " in run[skipped:].strip() or bool(skipped) or bool(_OPENS.search(text[:start]))
    return (start, True) if is_name else (street, False)


def _address(text: str, start: int, end: int) -> Address:
    value = text[start:end]
    end -= len(value) - len(value.rstrip(" ,،.\n"))
    return Address(start, end, text[start:end])
