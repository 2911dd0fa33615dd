"""The phrases, English and Chinese, by which a step announces that it corrects an earlier one.

Ordinary mathematics says "wrong", "mistake" and "should" as well (proofs by contradiction, excluded
cases, word problems), so each of them needs the writer or the earlier work beside it. All is
matched in lower case.
"""

from collections.abc import Iterable

import re2

_FAULTY = (
    r"(?:(?:not|n't)(?: \w+)? (?:right|correct)\b"
    r"|(?:wrong|incorrect|mistaken|flawed|in error)\b|an? (?:mistake|error)\b)"
)
_PLACE = r"(?:previous|earlier|preceding|last|first|second|third|initial|original|above)"
_WORK = (
    r"(?:steps?|calculations?|computations?|statements?|answers?|results?|claims?|counts?"
    r"|reasoning|work|equations?"
    r"|expressions?|formulas?|approach|attempt|solution|conclusions?|values?|lines?"
    r"|simplification|factorization"
    r"|arithmetic|analysis|interpretation)"
)
_EARLIER_WORK = (
    rf"(?:(?:my|our) {_PLACE} {_WORK}|the (?:previous|earlier|preceding|above) {_WORK}|my {_WORK}"
    rf"|(?:our|the|that|this) {_WORK} (?:above|earlier|before|in step \d+)|(?:everything"
    rf"|what i (?:wrote|said|did)) above"
    r"|step \(?\d{1,2}\)?(?: above)?)"
)
_START = r"(?:^|[.!?:;,…—\n] |[\n。！？，])"  # of a clause
_ERRED = (
    r"(?:ma[dk]e an? (?:[\w-]+ ){0,2}(?:mistake|error|slip|typo|oversight)|mis(?:read|count"
    r"|calculat|comput|interpret"
    r"|appl|understood|stat|remember|plac|took|cop)\w*|(?:mistaken|incorrect|wrong|erroneous"
    r"|accidental)ly \w+ed\b"
    r"|forgot\b|overlooked\b|neglected to|messed up|was (?:wrong|mistaken)|got (?:that|this|it"
    r"|the \w+) wrong"
    r"|(?:missed|skipped) (?:the|an?|one|some|that|two) (?:case|factor|term|solution|sign|possib"
    r"|step|condition))"
)
_ANNOUNCEMENTS = (
    # Wait, 6 × 7 is 42, not 48. Hmm, this can't be right.
    rf"{_START}(?:but |so )?(?:wait|actually|hmm+|hold on|hang on|oh|ah"
    rf"|no)\b[,.!…—– -]*[^.!?\n]{{0,80}}?(?:{_FAULTY}"
    r"|\bmistake\b|n't (?:look|seem|sound|add up|match|work|make sense)|does not (?:look|seem"
    r"|add up|match|make sense)"
    r"|should (?:actually )?be\b|, not -?\d)",
    r"\bth(?:at|is) (?:can't|cannot|can not) be (?:right|correct)\b",
    rf"{_START}no,? wait\b",
    r"\b(?:o+ps|whoops|my bad|my mistake|scratch that|strike that|on second thought|apologi[sz]e"
    r"|my apologies)\b",
    rf"{_START}sorry\b[,.:—– -]+(?:i|that|for|about|my|the)\b|{_START}correction ?[:—–]",
    # I should have multiplied. It should have been 12. But not: I should have 5 apples left.
    r"\b(?:i|we) should(?: have|'ve)(?: also| instead| only| actually)? (?:\w{2,}ed|been|written"
    r"|taken|done|found"
    r"|chosen|set|put|kept|got|gotten|made|had|said|gone|seen|drawn)\b|\b(?:it|that"
    r"|this) should(?: have|'ve) been\b",
    # That's not right. My earlier result is wrong. But not: …, which is wrong; our assumption was
    # wrong.
    rf"{_START}(?:but )?that(?:'s| is| was) ?{_FAULTY}",
    rf"\b{_EARLIER_WORK} (?:is|was|were|are|must be|seems?|contains?|has|had)(?: \w+)? ?{_FAULTY}",
    r"\b(?:i|we)(?:'ve)? (?:\w+ )?(?:see|found|spotted|noticed?) (?:my|the"
    r"|an?) (?:\w+ )?(?:mistake|error)\b",
    r"\bthe (?:mistake|error) (?:is|was) that (?:i|we)\b",
    # Let me correct that. Let me redo this. But not: we must correct for double counting.
    r"\b(?:me|us|let's|to|must|will|i'll) (?:correct|fix|amend|revise) (?:that|this|myself|my"
    r"|it\b|the (?:mistake|error"
    r"|above|previous|earlier|last))",
    r"\b(?:let me|let's|i need to|i must|i'll|i have to) (?:redo|re-do|start over|start again)\b",
    # The sum should be 12, not 14. The sign was incorrectly taken over above.
    r"\bshould be [^.;!?\n]{1,60}?, not |\b(?:it|that|this) should be [^.;!?\n]{1,60}? instead of ",
    r"\b(?:incorrect|mistaken|wrong)ly\b[^.!?\n]{0,40}\b(?:above|earlier|previously|in step)\b",
    rf"\b(?:ignore|disregard) (?:my|the {_PLACE}) (?:step|line|work|calculation|paragraph|part)",
    # 等等，不对。更正：… 我算错了。 But not: 不对称, 小明做错了3道题.
    r"(?:^|[。！？，,!?….\s])(?:等等|等一下|哦|啊|嗯)?[，, ]?(?:这|那|这样|好像"
    r"|似乎)?(?:是)?不对(?:$|[，。,.！!：:…\s])",
    r"更正[：:一]|(?:纠正|修正|改正)(?:一下|上面|前面|之前|上述)|抱歉|糟糕|重新(?:来过|算一遍)"
    r"|应(?:该是|为|该为)[^。\n]{1,20}而不是",
    r"(?:我|上面|前面|这里|刚才|之前|上一步|第.步)[^。！？\n]{0,8}(?:[算写弄搞看数想]错|漏掉|漏算"
    r"|忘了|忘记|有误|犯了|出错|错了|不正确|是错误的|不对)",
)
# The same with an exception: where a group matches, the words announce nothing.
_GUARDED_ANNOUNCEMENTS = (
    # Wait, no. But not: actually, no integer is both.
    rf"{_START}(?:wait|actually|hmm+|oh)[,.!… —–-]*no\b( \w+(?:ing| is| are| has| have)\b)?",
    # I made a sign error. I see that I have misread it. But not: if I made a mistake, Tom made a
    # mistake.
    r"(if |whether |suppose |unless |that )?\b(?:i|we)(?:'ve| have| just| seem to have| must have"
    r"| may have| think i"
    rf"| see i| see that i| reali[sz]e i| reali[sz]e that i| also)* {_ERRED}",
    # An error in my last step. But not: there is no mistake above.
    rf"(no |any )?\b(?:mistake|error|slip)s? (?:here |there )?(?:in {_EARLIER_WORK}|(?:above"
    rf"|earlier)\b)",
    # Let me try again. But not: let us try again with n = 5.
    r"\b(?:let me|let's|i need to|i must|i'll|i have to) try (?:that |this )?again\b( with| for)?",
)
_ANNOUNCED = re2.compile("|".join(_ANNOUNCEMENTS))
_GUARDED = re2.compile("|".join(_GUARDED_ANNOUNCEMENTS))


def steps_announcing_correction(steps: Iterable[str]) -> set[str]:
    """Return the steps that say, in English or Chinese, that an earlier one was wrong.

    A doubt is not enough.

    Many at once cost little more than one: most announce nothing.
    """
    plain = {step: _plain(step) for step in steps}
    if not _announces(b"\n".join(plain.values())):
        return set()
    return {step for step, text in plain.items() if _announces(text)}


def _plain(step: str) -> bytes:
    return step.replace("’", "'").replace("*", "").lower().encode("utf-8", "replace")


def _announces(text: bytes) -> bool:
    if _ANNOUNCED.search(text):
        return True
    return any(not any(match.groups()) for match in _GUARDED.finditer(text))
