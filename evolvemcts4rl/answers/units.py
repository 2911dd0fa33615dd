"""Read the unit of a number: a currency before it; a magnitude, a unit or a base after it."""

from __future__ import annotations

from evolvemcts4rl.answers.numbers import THOUSANDS, is_plain_letter, read_number, tighten
from evolvemcts4rl.answers.patterns import fullmatch
from evolvemcts4rl.answers.spelling import FUNCTIONS, WORDS_IN_FORMULAS

# Spellings of known units: where both answers have one of these, it must be the same one.
UNITS = {
    spelling: line.split()[0]
    for line in """mm millimeter millimetre 毫米;cm centimeter centimetre 厘米;dm decimeter 分米
        m meter metre 米;km kilometer kilometre 千米 公里
        in inch inches;ft foot feet;yd yard;mi mile;mg milligram;g gram 克
        kg kilogram 千克 公斤;lb pound;oz ounce;t ton tonne 吨
        s sec second 秒;min minute 分钟;h hr hour 小时
        day 天;week;month 个月;year yr 年;ml milliliter millilitre;L l liter litre;gal gallon
        cup;¤ usd dollar 美元;元 yuan rmb 块;¢ cent
        € eur euro;£ gbp;¥ yen;₹ rupee rs;% percent pct;° degree deg;rad radian;°C;°F;K kelvin;mph
        J joule;N newton;W watt;V volt;Hz hertz;Pa pascal;mol mole
        am a.m midnight;pm p.m noon;km/h kmh kph;unit""".replace("\n", ";").split(";")
    if line.strip()
    for spelling in line.split()
}
MAGNITUDES = {
    **{"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6},
    **{"mill": 10**6, "billion": 10**9, "trillion": 10**12},
    **{"百": 100, "千": 10**3, "万": 10**4, "亿": 10**8},
}
NOT_COUNTED = frozenset("半多几余十百千万亿分之点")  # 2个半 is more than 2
UNIT_TAIL = (
    r"(.*(?:[\d})!]|\\pi|\\infty))(\s*)((?:°\s*[CF]|[%°€£¥₹¢¤]"
    r"|[A-Za-z][A-Za-z .\-/]*(?:\^\{?[23]\}?)?(?: ?/ ?[a-z]+)?"
    r"|\p{Han}{1,6}))\.?"
)
CURRENCY_HEAD = r"([+-]?)\s*(?:US|U\.S\.)?\s*(¤|€|£|¥|₹|USD|Rs\.?)\s*([\d.(\\-][^¤€£¥₹]*)"
BASE_TAIL = r"([+-]?\d[\dA-Fa-f]*(?:\.\d+)?)_(\d+|\{\d+\})"
CLOCK = r"0?(\d{1,2}):([0-5]\d)(?::[0-5]\d)?"


def split_unit(body: str) -> tuple[str, str]:
    """Return a body without its unit, and the unit's one spelling, empty where it has none."""
    unit = ""
    if money := fullmatch(CURRENCY_HEAD, body):
        body, unit = money[1] + money[3], UNITS[money[2].lower().rstrip(".")]
    if base := fullmatch(BASE_TAIL, body):
        return base[1], "_" + base[2].strip("{}")
    if not (tail := fullmatch(UNIT_TAIL, body)):
        return body, unit
    value, words = tail[1], tail[3]
    if len(words) == 1 and any(f"\\{name}" in value for name in FUNCTIONS):
        return body, unit  # in \sin^2 t, t is no ton
    factor, words = _split_magnitude(words)
    if factor > 1:
        value = _multiply(value, factor)
    found = _read_unit(words, bool(tail[2]), _is_plain(value))
    if found in ("am", "pm") and (clock := fullmatch(CLOCK, value)):
        value = clock[1] if clock[2] == "00" else f"{clock[1]}:{clock[2]}"
    if words and not found:
        return body, unit
    return value, unit or found


def _split_magnitude(words: str) -> tuple[int, str]:
    """Return the factor that the first words spell ("hundred million dollars"), and the rest."""
    factor = 1
    while words and words[0] in MAGNITUDES and words not in UNITS:  # 亿元, but 千米 is a kilometre
        factor, words = factor * MAGNITUDES[words[0]], words[1:]
    rest = words.split(" ")
    while rest and (size := MAGNITUDES.get(rest[0].lower().removesuffix("s"))):
        factor, rest = factor * size, rest[1:]
    return factor, " ".join(rest).removeprefix("of ")


def _multiply(value: str, factor: int) -> str:
    number = read_number(tighten(value.replace(",", "")))
    return rf"({value})\cdot {factor}" if number is None else str(number * factor)


def _is_plain(body: str) -> bool:
    return bool(fullmatch(THOUSANDS, body)) or read_number(tighten(body)) is not None


def _read_unit(tail: str, spaced: bool, counted: bool) -> str:
    """Return the unit that letters spell; empty where none: 5m is five times m, 5 m a length."""
    power, stem = "", tail
    for dimension, spellings in (("^2", ("square", "sq.", "sq")), ("^3", ("cubic", "cu.", "cu"))):
        for spelling in spellings:
            if not power and stem.startswith(spelling + " "):
                stem, power = stem.removeprefix(spelling + " "), dimension
    if raised := fullmatch(r"(.*?) ?\^\{?([23])\}?", stem):
        stem, power = raised[1], f"^{raised[2]}"
    stem = stem.replace("° ", "°").replace(" per ", "/")
    known = [_known_spelling(part.strip()) for part in stem.split("/")]
    if all(known) and (spaced or len(stem) > 1 or not is_plain_letter(stem)):
        return "/".join(known) + power
    is_words = counted and fullmatch(r"[A-Za-z]{3,}(?:[ -][A-Za-z]+)*|\p{Han}+", tail)
    if not NOT_COUNTED.isdisjoint(tail):
        return ""
    if is_words and WORDS_IN_FORMULAS.isdisjoint(tail.split()):
        return tail
    return ""


def _known_spelling(word: str) -> str:
    for spelling in (word, word.lower(), word.lower().removesuffix("s")):
        if spelling in UNITS and (len(word) > 1 or spelling == word):
            return UNITS[spelling]
    return ""
