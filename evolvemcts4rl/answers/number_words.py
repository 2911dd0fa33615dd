"""Numbers written in words, English or Chinese: half a million, 十二, 二分之一."""

from __future__ import annotations

from typing import Any

import re2

ENGLISH = {
    word: str(number)
    for number, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six"),
            *("seven", "eight", "nine", "ten", "eleven", "twelve"),
        )
    )
} | {"a": "1", "half a": "0.5"}
NUMERALS = {*ENGLISH, "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"} | {
    *("nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
}
WITH_MAGNITUDE = re2.compile(
    rf"(?i)({'|'.join(ENGLISH)}) ((?:dozen|hundred|thousand|million|billion|trillion)\b[A-Za-z ]*)"
)
DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS_OF_TEN = {"十": 10, "百": 100, "千": 1000}
GROUPS = {"万": 10**4, "亿": 10**8}
CHINESE = "[零一二三四五六七八九两十百千万亿]{1,20}"
NUMBER = re2.compile(rf"(负?)(?:({CHINESE})分之)?({CHINESE})((?:个|元|米|岁|天|人)?)")


def read_number_words(body: str) -> str:
    """Return a body with the number words at its beginning as digits."""
    if body.lower() in ENGLISH and len(body) > 1:
        return ENGLISH[body.lower()]
    spelled = WITH_MAGNITUDE.fullmatch(body)
    if spelled and NUMERALS.isdisjoint(spelled[2].lower().split()):  # one hundred twenty is no 100
        return f"{ENGLISH[spelled[1].lower()]} {spelled[2]}"
    return _read_chinese(found) if (found := NUMBER.fullmatch(body)) else body


def _read_chinese(found: Any) -> str:
    sign, below, above, counter = found.groups()
    value = str(_chinese_value(above))
    number = rf"\frac{{{value}}}{{{_chinese_value(below)}}}" if below else value
    return f"{'-' if sign else ''}{number}{counter}"


def _chinese_value(numeral: str) -> int:
    """Return what a numeral is worth: digits before tens, hundreds and thousands, by groups."""
    total, group, digit = 0, 0, 0
    for sign in numeral:
        if sign in GROUPS:
            total, group, digit = total + (group + digit) * GROUPS[sign], 0, 0
        elif sign in UNITS_OF_TEN:
            group, digit = group + (digit or 1) * UNITS_OF_TEN[sign], 0
        else:
            digit = digit * 10 + DIGITS[sign]
    return total + group + digit
