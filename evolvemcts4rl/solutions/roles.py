"""What a line or a unit of a solution is.

It is a heading, a list item, a plan, a formula, an answer in a box, or a step.

Every expression here matches a bounded number of characters, so that no text makes the search slow.
"""

from __future__ import annotations

import re
from itertools import islice

_NAMED = (
    r"(?:Step|Case|Part|Stage)[ \t]{1,3}(?:\d{1,3}|[IVX]{1,4}"
    r"|[A-F])[*_]{0,3}[ \t]{0,3}(?:[:.()—–-]|$)"
    r"|(?:第[\d一二三四五六七八九十]{1,3}步|步骤[ \t]{0,3}[\d一二三四五六七八九十]{1,3})"
)
_NUMBER = (
    r"(?:\(?\d{1,2}[.)]|[a-h]\)|\((?:[a-h]|[ivx]{1,4})\))[*_]{0,3}(?:[ \t]|$)"
    r"|（\d{1,2}）|[①-⑳]|[一二三四五六七八九十]{1,2}、|\\item(?![a-zA-Z])"
)
_FLAGS = re.IGNORECASE | re.MULTILINE
_MARK = re.compile(
    rf"(?:#{{1,6}}[ \t]{{1,3}})?[*_]{{0,3}}(?:(?P<named>{_NAMED})|(?P<number>{_NUMBER}))", _FLAGS
)
_ITEM = re.compile(rf"(?:\*\*)?(?:{_NUMBER}|[-*•–](?:[ \t]|$))", _FLAGS)
_BREAK = re.compile(
    rf"[ \t]{{0,3}}#{{1,6}}[ \t]|[ \t]{{0,3}}[*_]{{0,3}}(?:{_NAMED})|[ \t]{{0,8}}\\item(?![a-zA-Z])"
    rf"|[ \t]?(?:\*\*)?(?:{_NUMBER}|[-*•–][ \t])",
    _FLAGS,
)
_LIST_OPENING = re.compile(r"\\begin\{(?:itemize|enumerate|description)\}(?:\[[^\]\n]{0,80}\])?$")
_GOING_ON = re.compile(
    r"(?:首先|其次|接着|接下来|然后|再|最后|最终|因此|所以|于是|从而|综上|故)"
    r"|(?:Then|Next|So|Thus|Hence|Therefore|Finally|Consequently)\b"
)
_HEADING = re.compile(r"#{1,6}\s")
_NAMED_TITLE = re.compile(rf"[*_]{{0,3}}(?:{_NAMED})", _FLAGS)
_MARK_LETTERS = frozenset("sSſcCpP第步一二三四五六七八九十")  # ſ is an s where case is ignored
_CALCULATION = re.compile(r"\d\W{0,6}[-+*/×·÷]\W{0,6}\d")
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\d_]{1,40}")
_TOKEN = re.compile(r"\w{1,40}")
_LONG_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\d_]{2}")
_LATEX_COMMAND = re.compile(r"\\[a-zA-Z]{1,20}(?:\{[a-zA-Z ]{0,60}\})?")
_RELATION = re.compile(r"[=<>≤≥≡≈≠]|\\(?:[lg]eq?|equiv|approx|neq?)(?![a-zA-Z])")
_ASSIGNMENT = re.compile(r"\W{0,9}[A-Za-z]\w{0,20}\s{0,3}=\s{0,3}[\w.,\\{}/$]{1,40}\W{0,9}$")
_FORMULA_END = re.compile(r"(?:\\\]|\$\$|\\end\{\w{1,20}\*?\})\s{0,9}[.,;]?$")
_WHERE = re.compile(r"(?:where|with|which|for (?:all|every|each|some))\b")
_ANSWER_MARK = re.compile(r"#### {0,4}[-$£€\d.,/% ]{1,30}$")  # of GSM8K
_INSTRUCTION = re.compile(
    r"(?:first|next|then|now|finally),? |"
    r"(?:calculat|determin|find|comput|identif|add|subtract|sum|multipl|divid|us|set|solv|simplif"
    r"|writ|convert|count|appl"
    r"|check|verif|list|consider|understand|defin|express|substitut|evaluat|estimat|combin|figur"
    r"|work|let|look|start"
    r"|total|compar|factor|expand|rearrang|isolat|draw|round|state|recall|analyz|analys|break"
    r"|read|plug|tak|get)"
    r"(?:e|s|y|ly|ing|ying)?\b|(?:计算|求|确定|找出|列出|判断|设|化简|代入)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"[=≈:：]|\b(?:is|are|was|were|gives?|giving|gets?|makes?|equals?|yields?|have|has|so|because"
    r"|means?)\b|[为得是]",
    re.IGNORECASE,
)
_OUTPUT = re.compile(r"(?:output|print|execut|running|runs\b)|输出|运行", re.IGNORECASE)
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")
_COLONS = (":", "：")
_UNFINISHED = (*_COLONS, ",", ";", "，", "；", "、", "(", "=", "+", "-", "*", "/", "&", "\\")
_AND = frozenset({"and", "or", "以及", "和", "或", "或者"})
_SO = frozenset(
    [
        *("then", "so", "thus", "hence", "therefore", "also", "now", "but", "next", "finally"),
        *("consequently", "因此", "所以", "于是", "故", "则", "即", "那么", "从而", "然后", "最后"),
    ]
)
_SIGNED_OFF = frozenset({"qed", "∎", "□", "■"})
_SHORT = 300  # characters; a longer unit is more than a formula, a connective or a box


def breaks(line: str) -> bool:
    """Return whether a line begins as headings, list items and named steps do."""
    return bool(_BREAK.match(line))


def is_numbered(unit: str) -> bool:
    """Return whether a unit begins with a number or as "Step 3" does: its writer begins a step."""
    return bool(_MARK.match(unit))


def is_bullet(unit: str) -> bool:
    """Return whether a unit is a list item without a number."""
    return unit[:1] in "-*•–" and bool(_ITEM.match(unit)) and not _MARK.match(unit)


def is_item(unit: str) -> bool:
    """Return whether a unit is a list item."""
    return bool(_ITEM.match(unit))


def role_of(unit: str, bare: str, previous: str, in_list: bool) -> str:
    """Return what a unit is: "title", "plan", "tail" or "step".

    A title waits for its text, and so does an item of a plan; a tail belongs to what stands before
    it. `bare` is the unit without its blocks, `previous` the unit before it; `in_list` says that
    the list items before it are steps.
    """
    if is_title(unit):
        return "title"
    item = _ITEM.match(unit)
    if item:
        said = unit[item.end() :].strip()
        if _is_instruction(said):
            return "plan"
        return "step" if _reasons(said) or (said and in_list) else "tail"
    if not has_word(unit) or (len(bare) < len(unit) and not _LONG_WORD.search(bare)):
        return "tail"
    return "tail" if _belongs_to(previous, unit, bare) else "step"


def _belongs_to(previous: str, unit: str, bare: str) -> bool:
    """Return whether a unit only completes the one before it."""
    if previous.endswith(("```", "~~~")) and len(bare) < 80 and _OUTPUT.search(bare):
        return len(bare) < len(unit) or bare.rstrip("*").endswith(_COLONS)
    if len(unit) < _SHORT:
        if (
            _is_box(unit)
            or _ANSWER_MARK.match(unit)
            or _connective(unit) in _AND
            or _connective(previous) in _AND
        ):
            return True
        if not _LONG_WORD.search(_LATEX_COMMAND.sub("", unit)):  # a formula
            return previous.rstrip("*").endswith(_COLONS) or not _RELATION.search(unit)
    return bool(_WHERE.match(unit) and _FORMULA_END.search(previous[-40:]))


def is_title(line: str) -> bool:
    """Return whether a unit is one line that only leads to what follows.

    Such are "## Prices", "**Step 3: Add them.**" and "So".
    """
    if "\n" in line or len(line) > 200:
        return False
    if _LIST_OPENING.match(line):
        return True
    if line[:1].isalpha() and line[0] not in _MARK_LETTERS and line[1:2] != ")":
        return _connective(line) in _SO
    if _HEADING.match(line):
        return not _ANSWER_MARK.match(line)
    item, named = _ITEM.match(line), _NAMED_TITLE.match(line)
    marker = named or item
    said = line[marker.end() :].strip("* ") if marker else line.strip("* ")
    bold = _is_bold(line) or bool(item and _is_bold(line[item.end() :]))
    if bold and not _LONG_WORD.search(line):
        return False  # a lone answer
    if bold and "=" not in line and line.rstrip("*").endswith(_SENTENCE_ENDS):
        return (bool(named) and not any(map(str.isdecimal, said))) or _is_instruction(said)
    if "=" in line or line.rstrip("*").endswith(
        _SENTENCE_ENDS if bold else (*_SENTENCE_ENDS, "}", "$")
    ):
        return bool(named) and not said.strip("*_ \t")
    if bold or not named:
        return bold or _connective(line) in _SO
    return len(_WORD.findall(line)) <= 12 and not _CALCULATION.search(line)


def is_next_number(title: str, unit: str) -> bool:
    """Return whether a title without text is followed by the next one of its kind.

    Such lines are the steps themselves.
    """
    first, second = _MARK.match(title), _MARK.match(unit)
    return bool(first and second and first.lastgroup == second.lastgroup)


def is_whole_line(line: str) -> bool:
    """Return whether a line within a paragraph ends like a statement of its own."""
    end = line.rstrip()
    if end.rstrip('*_)”」』"$').endswith(_SENTENCE_ENDS):
        return True
    return "=" in end and not end.endswith(_UNFINISHED)


def begins_anew(line: str) -> bool:
    """Return whether a line within a paragraph begins like a statement of its own."""
    start = line.lstrip("*_\"'“( \t$£€")[:1]
    if (
        not start
        or start.islower()
        or not (start.isalnum() or start == "\\")
        or line.startswith(("\\[", "$$"))
    ):
        return False
    said = _LATEX_COMMAND.sub("", line[:_SHORT])
    return bool(_LONG_WORD.search(said) or _CALCULATION.search(said))


def goes_on(before: str, line: str) -> bool:
    """Return whether a line begins with "then" or the like, after a line that may be complete."""
    return bool(_GOING_ON.match(line)) and not before.rstrip().endswith(_UNFINISHED)


def has_word(text: str) -> bool:
    """Return whether there is a letter or a digit in a text."""
    return any(map(str.isalnum, text))


def _connective(unit: str) -> str:
    """Return the words of a unit that has hardly any, in lower case."""
    return unit.strip("*_,.:;，。：… \t").lower() if len(unit) < 24 else ""


def _is_bold(line: str) -> bool:
    """Return whether a whole line stands between two asterisks."""
    line = line.rstrip(":：")
    return len(line) > 4 and line[:2] == line[-2:] == "**" and "*" not in line[2:-2]


def _is_box(unit: str) -> bool:
    r"""Return whether a unit is nothing but a \boxed{…}, or the sign that ends a proof."""
    inner = unit.strip("*_$ .。:\t\n")
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if inner.startswith(opening) and inner.endswith(closing):
            inner = inner[2:-2].strip(" .\n\t")
    if not inner.startswith(("\\boxed", "\\fbox")):
        return inner.replace(".", "").lower() in _SIGNED_OFF
    depth = 0
    for place, sign in enumerate(inner):
        depth += (sign == "{") - (sign == "}")
        if sign == "}" and depth == 0:
            return place == len(inner) - 1
    return False


def _is_instruction(said: str) -> bool:
    """Return whether a list item says what to do ("Calculate the total."), not what comes of it."""
    said = said.strip("* \t")
    if len(said) > 200 or "\n" in said or not _INSTRUCTION.match(said):
        return False
    if said.endswith(_COLONS):
        said = said.rstrip("*:： ")
    has_number = any(map(str.isdecimal, said))
    return not _CALCULATION.search(said) and not (
        (has_number or "=" in said) and _RESULT.search(said)
    )


def _reasons(item: str) -> bool:
    """Return whether a list item reasons, rather than naming a value ("3 apples", "a = 5")."""
    start = item[:2000]
    if _has(_WORD, start, 4) or _has(_TOKEN, start, 5):
        return True
    return bool(_RELATION.search(item)) and not (len(item) < 40 and _ASSIGNMENT.match(item))


def _has(pattern: re.Pattern[str], text: str, times: int) -> bool:
    """Return whether a pattern occurs so many times."""
    return len(list(islice(pattern.finditer(text), times))) == times
