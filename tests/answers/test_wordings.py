"""Each word and sign by which a sentence's value is told from what stands around it."""

import pytest

from evolvemcts4rl.answers.extract import extract_answer

# What follows "the total is", as it is written, and "→" where another text is the value.
NUMBERS = r"""
    0.333... liters
    0.333… liters
    1 000 000 pens → 1 000 000
    1,000,000 pens → 1,000,000
    1,000.50 dollars
    .25 liters
    25% of them → 25%
    25 \% of them → 25 \%
    5€ in sum → 5€
    $5 in sum → $5
    US$5 in sum → US$5
    3 1/2 cups
    5 square meters
    5 cubic meters
    5 sq. ft in sum → 5 sq. ft
    5 sq ft in sum → 5 sq ft
    5 cm^2 in sum → 5 cm^2
    5 cm² in sum → 5 cm²
    20 m/s or more → 20 m/s
    3 x 4
    60 miles per hour
    5 °C in sum → 5 °C
    (3 + 4) * (2 + 1)
    $\frac{a}{b}$ here → \frac{a}{b}
    $\text{even}$ here → \text{even}
    $\pi$ here → \pi
    $\infty$ here → \infty
    $\sqrt{a}$ here → \sqrt{a}
    $x<y$ here → x<y
    $x \le y$ here → x \le y
    $x \leq y$ here → x \leq y
    $x \lt y$ here → x \lt y
    $x \ge y$ here → x \ge y
    $x \geq y$ here → x \geq y
    $x \gt y$ here → x \gt y
    $x \ne y$ here → x \ne y
    $x \neq y$ here → x \neq y
    \pi here → \pi
"""


def cases(lines: str) -> list[tuple[str, str]]:
    """Return what each line says, and the value: what follows its arrow, or all of it."""
    parts = [line.strip().partition(" → ") for line in lines.strip().split("\n")]
    return [(said, value or said) for said, _, value in parts]


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"We count them.\nSo the total is {said}.", value) for said, value in cases(NUMBERS)],
)
def test_number_is_read_with_its_signs_and_unit(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


GIVEN = """
    the these those both step part case equation line problem question figure option choice example
    room page chapter number day Step
"""


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"We count them.\nWith {word} 4 she gets 12 pens.", "12") for word in GIVEN.split()],
)
def test_number_after_such_a_word_was_known_before(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"We count them.\n{said}.", value or None)
        for said, value in (
            ("With the $4$ friends she gets 12 pens", "12"),
            ("With $n$ friends she gets 12 pens", "12"),
            (r"Then \quad she gets 12 pens", "12"),
            ("Her 5th friend gets 12 pens", "12"),
            ("y + 2 = 10", ""),
            ("There are 3 + 4 = 7 pens and 5 caps", ""),
            ("There are 3 + 4 = 7 pens or 5 caps", ""),
            ("There are 3 + 4 = 7 pens, 5 caps", ""),
            ("There are 3 + 4 = 7 pens so 5 caps remain", ""),
            ("The sum 3 + 4 = 7 whose half is 3.5", "3.5"),
            ("The sum 3 + 4 = 7 whose halves are 3.5", "3.5"),
            *((f"So they get 5 {size} pens", "") for size in ("hundred", "thousand", "million")),
            *((f"So they get 5 {size} pens", "") for size in ("billion", "trillion", "dozen")),
        )
    ],
)
def test_only_what_a_sentence_states_is_its_value(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


STEPS = r"\equiv \implies \iff \to \rightarrow \leftrightarrow \Longrightarrow \Rightarrow ⇒ →"
DRESSES = """
    displaystyle textstyle tiny small normalsize large Large LARGE huge Huge underline
"""
NAMES = ("total cost", "x_1", "x_{12}", "x'", "f(x)", r"\angle ABC", "(x, y)")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((f"So\n$$x + 1 = 2 {sign} x = 1$$", None) for sign in STEPS.split()),
        *((f"So\n$${name} = 5$$", f"{name} = 5") for name in NAMES),
        *((f"So\n$$x {sign} 5$$", f"x {sign} 5") for sign in ("<=", ">=", "==", ":=", "!=")),
        ("So\n$$5!=120$$", "120"),
        (
            "So\n$$f(x) = \\begin{cases}1 & x = 1 \\\\ 2 & x = 2\\end{cases}$$",
            "f(x) = \\begin{cases}1 & x = 1 \\\\ 2 & x = 2\\end{cases}",
        ),
        ("So\n$$x \\equiv 3 \\pmod{7}$$", "x \\equiv 3 \\pmod{7}"),
        ("So\n$$\\Rightarrow 5$$", None),
        ("So it weighs $10 + 7 = 17 kg$.", "17 kg"),
        ("The answer is\n\\[\n24\n\\]\nThat is all that we had to show.", "24"),
        ("The answer is\n$$\n24\n$$\nThat is all that we had to show.", "24"),
        ("The answer is $\\$24$.", "\\$24"),
        ("The answer is \\(x = 5\\\\\\).", "x = 5\\\\"),
        ("With the $ 4 $ friends she gets 12 pens.", "12"),
    ],
)
def test_formula_in_a_text_says_what_it_is_equal_to(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((rf"\boxed{{\{name} 24}}", "24") for name in DRESSES.split()),
        *(
            (rf"\boxed{{\begin{{{name}}}x&=24\end{{{name}}}}}", "x=24")
            for name in ("align*", "aligned", "gather*", "gathered", "split", "equation*")
        ),
        *(
            (rf"\boxed{{\{name}{{The answer is }} 24}}", "24")
            for name in ("text", "textbf", "textit", "textrm", "textnormal", "mathrm", "mathbf")
        ),
        (r"\boxed{\mbox{The answer is } 24}", "24"),
        *(
            (rf"\boxed{{{fraction} = 0.8}}", fraction)
            for fraction in (r"\frac{4}{5}", r"\frac45", r"\frac4{5}", r"\frac{4}5", "4/5")
        ),
        (r"\boxed{-\dfrac{4}{5} = -0.8}", r"-\dfrac{4}{5}"),
        *(
            (rf"\boxed{{{values}}}", values)
            for values in ("1+1=2, 2+2=4", "1+1=2,2+2=4", "1+1=2,12", "1+1=2,2024", "-10 = 12")
        ),
        (r"\boxed{999+1=1,000}", "1,000"),
        (r"\boxed{999+1=1,\!000}", r"1,\!000"),
        (r"\boxed{999+1=1,\! 000}", r"1,\! 000"),
        (r"\boxed{24.}", "24"),
        (r"\boxed{24 =}", "24"),
        (r"\boxed{\Large {24}}", "24"),
        (r"\boxed{\begin{array}{c} 24 \end{array}}", "24"),
        (r"\boxed{\begin{array}{c} x + 1 \end{array}}", "x + 1"),
        (r"\boxed{x \approx 3.1 y}", "3.1 y"),
        (r"\boxed{\theta \approx 3.1}", "3.1"),
        (
            r"\boxed{\begin{aligned}A =& \begin{pmatrix}1\\2\end{pmatrix}\end{aligned}}",
            r"\begin{pmatrix}1\\2\end{pmatrix}",
        ),
        (r"\boxed{\begin{aligned}\end{aligned}}", None),
        ("Fill in \\boxed{ } with a number.\nSo it is 24.", "24"),
        ("We use \\boxedmath 5 here.\nSo it is 24.", "24"),
        ("It is \\boxed .\nSo it is 24.", "24"),
        ("It is \\boxed", None),
        ("It is \\boxed ", None),
        ("It is \\boxed {24}", "24"),
        ("So \\boxed 7.", "7"),
        ("So $\\boxed \\frac 1 2 $", "\\frac 1 2"),
        ("\\[\\boxed 7\\]", "7"),
    ],
)
def test_box_is_read_without_what_dresses_its_value(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


LEADS = """
    therefore|thus|then|simply|just|only|exactly|indeed|equal to|option|choice|the letter|letter
    that|approximately|approx|approx.|about|around|roughly|nearly|for sure|a total of|\\approx|≈|~|=
"""
ROUGHLY = r"approximately|approx|about|around|roughly|nearly|\approx|≈"
PROSE = """
    I think|I am|I will|I would|I have|I need|I can|I do|I get
    not|no longer|obtained|found|given|correct|incorrect|wrong|clear|unclear|unknown|as|by|what
    which|to|we|you|let|first|if|this|in|on|see|shown|below|above|still|also|likely
"""


def listed(words: str) -> list[str]:
    """Return the entries of lists that are parted by bars and ends of lines."""
    return [word.strip() for line in words.strip().split("\n") for word in line.split("|")]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((f"The answer is {lead} 24.", "24") for lead in listed(LEADS)),
        *((rf"\boxed{{24}}. So the answer is {word} 30.", "24") for word in listed(ROUGHLY)),
        *(
            (f"The answer is {word} the box that has 24 pens in her room.", None)
            for word in listed(PROSE)
        ),
        *(
            (f"The answer is 24 {word} she has 3 boxes.", "24")
            for word in ("because", "since", "so", "as", "which", "where", "when", "and not")
        ),
        *((f"The answer is {word} here.", None) for word in listed(PROSE)),
        ("The answer is i.", "i"),
        ("答案是红色，因为它很亮。", "红色"),
        ("Answer: Altogether Tom bought 24 apples for all of them.", "24"),
        ("The answer is\n\\[ 24", "\\[ 24"),
        ("The answer is 24!", "24"),
        ("The answer is 5, 6, or 7.", "5, 6, or 7"),
        ("The answer is 11,\\!111.", "11,111"),
        ("The answer is 11,\\! 111.", "11,111"),
        ('The answer is \\"24\\".', "24"),
        ("The answer is **24** pens.", "24 pens"),
        ("The answer is _24_", "24"),
        ("The answer is ...", None),
        ("The answer is " + "x + " * 60 + "x.", None),
        ("So the answer is 5? We do not know.", None),
        ("The answer is\n\\begin{align*}\nx = 5", "x = 5"),
        ("Answer: She needs 5 apples.", "5"),
        ("Answer: Total: 24", "24"),
        ("The answer is Either 5 or 6.", None),
        ("The answer is the one that we have all seen before in class.", None),
        ("The answer is x plus 5 of the other ones that we saw.", None),
        ("The answer is 5x for each of the boxes that we have.", None),
        ("The answer is x and nothing else in the whole world.", None),
    ],
)
def test_answer_is_what_its_announcement_is_followed_by(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"We count them.\n{said}.", value or None)
        for said, value in (
            *(
                (f"The number is 5 {word} the sum is 12 pens", "")
                for word in ("and", "or", "so", "but", "while")
            ),
            ("The number is 5, the sum is 12 pens", ""),
            *(
                (f"With 3 boxes there are 5 pens, {word} 12 in sum", "12")
                for word in ("so", "thus", "hence", "therefore", "giving", "meaning")
            ),
            *(
                (f"She has 3 boxes of 5, which {verb} in all 15 pens", "15")
                for verb in ("is", "means", "gives", "equals", "makes", "rounds")
            ),
            ("They need 5 pounds per day because 1,000 is 10 times 100", "5 pounds per day"),
            ("They need 5 pounds per day since 35 is 7 times 5", "5 pounds per day"),
            ("With 3 boxes she gets 4 + 5 = 9 pens", "9"),
            ("With 3 boxes of 4 pens each, the total is 12 pens", "12"),
            *((f"The total for 3 boys{sign} 12 pens", "12") for sign in (":", "：", " ≈", " =")),
            ("The total for 3 boys is *12* pens", "12"),
            ("Since $B_1=2$, the last one is $B_9=$ $12$", "12"),
        )
    ],
)
def test_last_claim_of_a_sentence_is_its_value(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


RESULTS = ("answer", "total", "sum", "result", "difference", "product", "average")
JOINTS = (
    ",",
    ";",
    "&",
    ",\\ ",
    "and",
    "or",
    "while",
    ", and",
    "and its width is",
    "while the width is",
)
ANNOUNCEMENTS = (
    *("The answer is 24.", "The answer must be 24.", "The answer should be 24."),
    *("The answer will be 24.", "The answer equals 24.", "Answer = 24", "ans: 24"),
    *("The correct option is 24.", "The right choice is 24.", "Answer \\(24\\)", "Answer \\[24\\]"),
    *("Final answer\n\n24", "Correct answer\n24", "Step 3: Answer\n24", "The final answer:\n24"),
    *(
        "答案为24。",
        "答案為24。",
        "答案应是24。",
        "答：24",
        "共有3个。答：24",
        "故选：24",
        "故选24",
    ),
)
DOUBTS = ("what", "if", "whether", "unless", "not", "to check", "to verify", "to assume")
FAREWELLS = (
    *("Let me know how you like it!", "Feel free to go on!", "I am happy to go on!"),
    *("Any questions are welcome!", "Are there any other questions?", "I hope this helps!"),
)
ASIDES = ("Note that", "Notice that", "Alternatively,", "Indeed,", "Similarly,", "Recall that")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((rf"We get \boxed{{12}} and the {word} is \boxed{{13}}.", "13") for word in RESULTS),
        *((rf"So \boxed{{3}} {joint} \boxed{{4}}.", "3, 4") for joint in JOINTS),
        (r"So \(\boxed{3}\) and \(\boxed{4}\).", "3, 4"),
        (r"So \boxed{3} for part (a), \boxed{4} for part (b).", "3, 4"),
        (r"So \boxed{3} for part a and \boxed{4} for part b.", "3, 4"),
        (r"So \boxed{3} for part (a), and \boxed{4} for part (b).", "3, 4"),
        *((f"{words}\n\nThat is all that it takes.", "24") for words in ANNOUNCEMENTS),
        *(
            (f"The answer {word} this question is 24.\n\nThat is all that it takes.", "24")
            for word in ("to", "for", "of", "in")
        ),
        *(
            (rf"\boxed{{24}}. The answer {word} the other part is 7.", "24")
            for word in ("to", "for", "of", "in")
        ),
        *(
            (f"We know that it is {said}C because it fits.", "C")
            for said in (
                "故选 ",
                "故应选 ",
                "所以选 ",
                "因此选 ",
                "应选 ",
                "应该选 ",
                "本题选 ",
                "答案选 ",
            )
        ),
        *((f"We now try {word} the answer is 5.", None) for word in DOUBTS),
        *((f"So she has 24 pens.\n\n{words}", "24") for words in FAREWELLS),
        *((f"We count them.\n{words} there are 3 other ways.", None) for words in ASIDES),
        ("There are 3 + 4 = 7 of them.\n共有3 + 4 = 7个。所以剩下5个。", "5"),
        ("#### 24\nThat was all of it.", "24"),
        ("#### red and blue \n", "red and blue"),
        ("The answer is A. No: the answer is B.", "B"),
        ("Solutions are 39 and 89. Their average is 64.", "64"),
        ("So\n**24** apples", "24 apples"),
        ("So\n_24_", "24"),
        ("So\n  - 24", "24"),
        ("So\n24\n  \n", "24"),
        ("So\n24\n```\n", "24"),
        ("So\n\\[\n24\n\\].", "24"),
        ("x = 5 \\end{align*}", "x = 5"),
        ("We add 3 and 2.\nSo it is 5 \\]", "5"),
        ("\\[3 + 4 = 7\\]She has 5 pens.", "5"),
        ("$$3 + 4 = 7$$She has 5 pens.", "5"),
        ("\\begin{equation}3 + 4 = 7\\end{equation}She has 5 pens.", "5"),
        ("So\n\\[ \\begin{array}{c}24\\end{array} \\]", "24"),
        (
            "So\nx = \\begin{pmatrix}1\\\\2\\end{pmatrix}",
            "x = \\begin{pmatrix}1\\\\2\\end{pmatrix}",
        ),
        ("So\n$$" + "x+" * 150 + "x$$", None),
        ("So she has 24 apples in all of the boxes. I hope this helps!", "24"),
    ],
)
def test_answer_is_looked_for_where_models_write_it(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer
