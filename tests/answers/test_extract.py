"""Final answers, found where they stand."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolvemcts4rl.answers.extract import extract_answer, seed_answer
from evolvemcts4rl.answers.sentence_values import BEGIN_A_CALCULATION, CALCULATION
from tests.support.fast import examples
from tests.support.latex_answers import latex
from tests.support.work import child_works_within

prose = st.text(alphabet="ab 1.,\n$=()[]", max_size=60)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"So it is $\boxed{42}$.", "42"),
        (r"First \boxed{1}, but then \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed {x^{2^{3}}}", "x^{2^{3}}"),
        (r"\fbox{7}", "7"),
        (r"Hence $\boxed 7$.", "7"),
        (r"Hence \boxed 7 apples.", "7"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"\boxed{5} and the cut off \boxed{6", "5"),
        (r"\boxed{5} and the empty \boxed{}", "5"),
        (r"\boxed{\text{(B)}}", r"\text{(B)}"),
        ("She has 3 + 4 = 7.\n#### 7", "7"),
        ("#### 1,234\n", "1,234"),
        ("#### 3\nNo, wait.\n#### 4", "4"),
        ("The answer is 42.", "42"),
        ("The final answer is: $x = 5$, since 5 > 0.", "x = 5"),
        ("**Answer:** 12 cm", "12 cm"),
        ("Answer: (B)", "(B)"),
        ("The answer is therefore Monday.", "Monday"),
        ("The answer is $1,234.50.", "$1,234.50"),
        ("The answer is 3.14 because of rounding.", "3.14"),
        ("The answer is (1, 2).", "(1, 2)"),
        ("The answer is 1. No: the answer is 2.\nThat is all.", "2"),
        ("The answer to the question is $\\frac{1}{2}$", r"\frac{1}{2}"),
        ("The final answer is \\(\\frac{3}{4}\\). I hope it is correct.", r"\frac{3}{4}"),
        ("Final Answer: The final answer is $8$. I hope it is correct.", "8"),
        ("Answer:\n\n$42$", "42"),
        ("The correct answer is **B**.", "B"),
        ("The answer is 5 + 3 = 8.", "5 + 3 = 8"),
        ("### Answer\n42", "42"),
        ("**Answer**: \\(x^2\\)", "x^2"),
        (
            "Solution: Add the numbers.\n\n"
            "The answer is $18 every day at the farmers' market in the town.",
            "$18",
        ),
        ("The answer is (A) 5.", "(A) 5"),
        ("Answer: $\\frac{1}{2}$ or $\\frac{1}{3}$", r"$\frac{1}{2}$ or $\frac{1}{3}$"),
        ("The answer is 10 \\text{ cm}.", r"10 \text{ cm}"),
        ("The answer is $5 and not $6.", "$5"),
        ("The answer is $2$ or $3$.", "$2$ or $3$"),
        ("The answer is $50$%.", "$50$%"),
        ("The correct answer is option C.", "C"),
        ("So the solution is (2, 3)", "(2, 3)"),
        ("The answer is 3/4 cup.", "3/4 cup"),
        ("The answer is not 3. Answer: 4", "4"),
        ("Let us add.\n2 + 3 = 5", "5"),
        ("Thus\n$$x = 5$$", "x = 5"),
        ("Thus\n\\[\n\\frac{1}{2}\n\\]", r"\frac{1}{2}"),
        ("We choose\nB", "B"),
        ("It costs\n$18", "$18"),
        ("We get\n**42**", "42"),
        ("so\n12 apples.", "12 apples"),
    ],
)
def test_answer_is_found(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "I do not know.",
        "The answer is not obvious, so let us think about it for a while",
        r"The box \boxed{ was cut off",
        "We have 3 apples and then",
        "Step 1: add the numbers",
        "Solution: Add the numbers.",
        "Answer: We need to find x.",
        "####",
    ],
)
def test_text_without_an_answer_has_none(text: str) -> None:
    assert extract_answer(text) is None


@pytest.mark.parametrize(
    ("column", "answer"),
    [
        ("42", "42"),
        (" \\frac12 ", r"\frac12"),
        ("red and blue", "red and blue"),
        ("3 + 4 = <<3+4=7>>7\n#### 7", "7"),
        ("#### 1,000", "1,000"),
        ("Since $1+1=2$,\nthe result is $\\boxed{2}$.", "2"),
        ("We add.\nThe answer is 5.", "5"),
        ("", None),
        ("\n", None),
        ("A long solution\nthat never says its result", None),
    ],
)
def test_reference_answer_is_read_in_each_of_its_forms(column: str, answer: str | None) -> None:
    assert seed_answer(column) == answer


@settings(max_examples=examples(200), deadline=None)
@given(before=prose, answer=latex, after=prose)
def test_what_was_boxed_is_found_whatever_stands_around_it(
    before: str, answer: str, after: str
) -> None:
    assert extract_answer(before + r" \boxed{" + answer + "} " + after) == answer


@settings(max_examples=examples(300), deadline=None)
@given(
    st.text(alphabet=r"\{}()[],.$%^_=+-0123456789abcx fracsqrtpm", max_size=60),
    st.text(max_size=20),
)
def test_extraction_takes_any_text(one: str, other: str) -> None:
    extract_answer(one)
    seed_answer(other)


@settings(max_examples=examples(300), deadline=None)
@given(st.characters(exclude_categories=["Cs"]) | st.sampled_from("US$€£¥₹(−+-–.\\"))
def test_no_other_character_begins_a_calculation(first: str) -> None:
    begun = [text for rest in ("1", "S$1", ".5") if CALCULATION.match(text := first + rest)]
    assert not begun or first in BEGIN_A_CALCULATION


LOOPS = [
    *(
        "- 5\n",
        "1. ",
        " (ab",
        ": ab cd ",
        "<b>",
        "5✅",
        "故选",
        "．5",
        "\n答：",
        "if the answer is 5 ",
    ),
    *(
        r"\boxed{",
        r"\boxed ",
        r"\boxed{1} and ",
        r"{\boxed{",
        r"\fbox{",
        "answer",
        "answer is",
        "the answer is ",
    ),
    *(
        "answer*****",
        "answer*",
        "answer for ",
        "answer: ",
        "the answer is 5 ",
        "Answer $",
        "<answer>",
        "</answer>",
    ),
    *(
        "$",
        "$ ",
        "$$",
        "$ $ $ ",
        r"\(",
        r"\)",
        r"\[",
        r"\( \) ",
        "####",
        "#### ",
        "#### 5\n",
        "= ",
        "= = = ",
        "1 = ",
    ),
    *(
        "1 + ",
        "{",
        "}",
        "\\",
        "*",
        "**",
        "_ ",
        "\n",
        "# ",
        "9",
        "1,",
        "(1",
        "( ",
        ")",
        "a ",
        "x_1 ",
        " ",
        "\t",
    ),
    *(
        r"\frac",
        r"\frac{1}{2}",
        r"\color{red}{",
        r"\text{",
        r"\begin{aligned}",
        r"\end{aligned}",
        "&",
        r"\approx ",
    ),
    *(
        "答案",
        "答案是",
        "故选",
        "，",
        "。",
        "is 5 ",
        "so 5, so ",
        ", so ",
        "which is 5 ",
        "because ",
        "and 5 ",
        "5-",
        "5 ",
    ),
    *(
        "5. ",
        "A. ",
        "not ",
        "5 million ",
        "square ",
        "°",
        "x = 5, ",
        "solution is ",
        "?",
        "é",
        "😀",
        "\ud800",
        "```",
    ),
]
AROUND_LOOPS = [
    *[("", ""), ("The answer is ", ""), ("answer", ""), (r"\boxed{", "}")],
    *[("So it is 5 = ", "."), ("#### ", ""), (r"\[", r"\]")],
]


SIZE = 60_000  # characters, of which a quadratic expression makes more work than the bound
CPU_SECONDS = 1.5  # for two texts, which take less than half of it


def is_searched(loop: str, *around: tuple[str, str]) -> bool:
    """Return whether a child process looks through a loop, each time between two texts.

    All together must be within the bound.
    """

    def search() -> None:
        for before, after in around:
            text = before + loop * (SIZE // len(loop)) + after
            extract_answer(text)
            seed_answer(text)

    return child_works_within(CPU_SECONDS, search)


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
def test_loop_of_many_thousand_characters_is_searched_with_little_work(loop: str) -> None:
    alone, *around = AROUND_LOOPS[:4]
    drawn = random.Random(loop.encode(errors="surrogatepass")).choice(around)
    assert is_searched(loop, alone, drawn)


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.sampled_from([*LOOPS, " ", ".", "5", "x", "is", "so"]), min_size=1, max_size=4),
    st.sampled_from(AROUND_LOOPS),
)
def test_no_repeated_fragments_cost_much_work(
    fragments: list[str], around: tuple[str, str]
) -> None:
    assert is_searched("".join(fragments), around)


@settings(max_examples=examples(500), deadline=None)
@given(
    st.lists(st.sampled_from([*LOOPS, "\n", ".", "5", "x", "Tom has 5 apples. "]), max_size=12).map(
        "".join
    )
)
def test_extraction_takes_any_mixture_of_what_models_write(text: str) -> None:
    for answer in (extract_answer(text), seed_answer(text)):
        assert answer is None or answer.strip()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the answer is\n\n\\[\n24\n\\]", "24"),
        ("The answer is:\n\\begin{align*}\nx &= 2 + 3 \\\\\n&= 5\n\\end{align*}", "x = 2 + 3 = 5"),
        ("**Final Answer:** The total cost is $24.", "$24"),
        ("Final Answer: The volume of $ABCDEFGH$ is 120. I hope it is correct.", "120"),
        ("Final Answer: The largest $n$ under 50 is 34.", "34"),
        ("Answer: The area is 12 square units.", "12 square units"),
        ("The answer is approximately 3.14", "3.14"),
        ("The answer is about 5 million.", "5 million"),
        ("The answer is 0.333...", "0.333..."),
        ("The answer is .35", ".35"),
        ("So the final answer is 15 gallons * 8 pints / gallon = 120 pints.", "120"),
        ('The final answer is "$12 $ and $13 $". I hope it is correct.', "$12 $ and $13 $"),
        ("The answer is 5, 6, and 7.", "5, 6, and 7"),
        ("The answer is 5, and she has 7 left.", "5"),
        ("The answer is 24\r\nThat is all\r\n", "24"),
        ("The answer is 27 years old in 5 years.", "27 years"),
        ("Final Answer: $x = 5$ and $y = 6$", "$x = 5$ and $y = 6$"),
        ("The solutions are $x=1$ and $x=2$.", "$x=1$ and $x=2$"),
        ("The solutions are 39 and 89. Their average is 64.", "64"),
        ("Answer $ 9 $", "9"),
        ("<reasoning>2 + 2</reasoning><answer>4</answer>", "4"),
        ("# Answer\n\n42", "42"),
        ("The correct option is B.", "B"),
        ("答案：42, 故选 B。", "(B) 42"),
        ("答案是 42。", "42"),
        ("所以答案为 $\\frac{1}{2}$。", r"\frac{1}{2}"),
        ("所以，答案是42元。", "42"),
        ("故选：B", "B"),
    ],
)
def test_announcement_gives_the_value_that_its_sentence_states(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Therefore, each child gets approximately 46.67 apples.", "46.67"),
        ("So, the bus has 17 passengers. I hope this helps!", "17"),
        ("So it takes 5 days.\n\nLet me know if you have any questions!", "5 days"),
        ("Thus the total cost is $10 + $14 = $24.", "$24"),
        ("Each of the 4 friends gets 12 apples.", "12"),
        ("The probability that the sum is 7 is $\\frac{1}{6}$.", r"\frac{1}{6}"),
        ("They need 5 pounds per day because 35 / 7 = 5.", "5 pounds per day"),
        ("So he runs 6/3 = .5 hours, which is 30 minutes.", "30 minutes"),
        ("Thus, $7$ is the final answer.", "7"),
        ("Therefore $x \\geq 5$ is the solution.", "x \\geq 5"),
        ("- **Total:** 24", "24"),
        ("x = 1, y = 2", "x = 1, y = 2"),
        ("So\n$$x = 1, y = 2$$", "x = 1, y = 2"),
        ("so\n\\begin{align*}\nx &= 2 + 3 \\\\\n&= 5\n\\end{align*}", "5"),
        ("2\\sqrt{3}", "2\\sqrt{3}"),
        ("#### Step 2: add\nSo there are 30 rolls.", "30"),
        ("#### Final Answer:\nThe number of rolls is 30.", "30"),
        (r"$12 \mathrm{~min}$", r"12 \mathrm{~min}"),
    ],
)
def test_last_sentence_that_states_one_value_gives_it(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{\text{The answer is } 24}", "24"),
        (r"\boxed{Answer: 24}", "24"),
        (r"\boxed{\textcolor{blue}{24}}", "24"),
        (r"\boxed{{\color{red} 24}}", "24"),
        (r"\boxed{\begin{aligned}x&=24\end{aligned}}", "x=24"),
        (r"\boxed{\begin{aligned}x&=1\\y&=2\end{aligned}}", "x=1, y=2"),
        (r"\boxed{\frac45 = 0.8}", r"\frac45"),
        (r"\boxed{\frac{2}{3} \approx 0.667}", r"\frac{2}{3}"),
        (r"\boxed{x \approx 3.1}", "3.1"),
        (r"\boxed{10 = 12}", "10 = 12"),
        (r"\boxed{\text{approximately } 46.67}", "46.67"),
        (r"\boxed{\text{Tom has } 5 \text{ apples}}", "5"),
        (r"\boxed{\text{The total cost is } \$24}", r"\$24"),
        (r"\boxed{\text{No solution}}", r"\text{No solution}"),
        (r"\boxed{12 \text{ and } 13}", r"12 \text{ and } 13"),
        (r"\\boxed{\\frac{1}{2}}", r"\frac{1}{2}"),
    ],
)
def test_box_gives_the_value_in_it(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"$\boxed{3}$ and $\boxed{4}$", "3, 4"),
        (r"$$\boxed{k = 45} \quad \text{and} \quad \boxed{n = 2}$$", "k = 45, n = 2"),
        (r"\[\boxed{(1, 2)}, \boxed{(2, 1)}\]", "(1, 2), (2, 1)"),
        (r"$y_1 = \boxed{a}$ and $y_2 = \boxed{b}$", "a, b"),
        (r"\boxed{3} apples and \boxed{4} pears", "3, 4"),
        (r"\boxed{15\frac{39}{40}} or \boxed{\frac{639}{40}}", r"\frac{639}{40}"),
        (r"\boxed{4}, \boxed{4}", "4"),
        (r"First \boxed{3}. On reflection, \boxed{4}.", "4"),
        (r"\boxed{1} no no no no \boxed{2}", "2"),
    ],
)
def test_boxes_joined_by_and_are_one_list(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{23}. Wait, I forgot one. The answer is 24.", "24"),
        (
            r"So $\boxed{255}$. Final Answer: The final answer is $10,455$. I hope it is correct.",
            "10,455",
        ),
        ("#### 23\nNo: the answer is 24.", "24"),
        (r"\boxed{42}. Answer: B", "(B) 42"),
        (r"\boxed{\frac{2}{3}}. So the answer is approximately 0.667.", r"\frac{2}{3}"),
        (r"\boxed{24}. I hope that the answer is clear.", "24"),
        (r"\boxed{24}. The answer to the first part is 7.", "24"),
        (r"\boxed{24}. Let us check whether the answer is 24.5.", "24"),
        (r"\boxed{24}. The answer is not 25.", "24"),
    ],
)
def test_only_a_plain_announcement_after_the_box_replaces_it(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "The answer cannot be 7.",
        "The answer is not 5.",
        "I am not sure what the answer is.",
        "I don't think the answer is 5.",
        "Let us check whether the answer is 5.",
        "Suppose the answer is 5.",
        "The answer might be 5.",
        "The answer is either 5 or 6, depending on x.",
        "The answer is more than 5.",
        "The answer depends on 5 things.",
        "Is the answer 5?",
        "So 7 is not the answer.",
        "Answer: see above",
        "Answer: (see 3 above)",
        "答案不是 5。",
        "Could it be that x = 5?",
        "We get 3, 5 and 7 apples.",
        "There are 3 boys and 5 girls.",
        "If she buys 5 apples.",
        "Let x = 5.",
        "It must be at least 5.",
        "The number is between 3 and 7.",
        "Each of the 4 friends gets the same.",
        "He is the 5th.",
        "So 2x + 3 = 7.",
        "So y + 2 = 10.",
        "It lasts 3-4 days.",
        "So she needs 24/12 = 2 dozen eggs.",
        "The area is 12 and the perimeter is 14.",
        "Yes, since 5 + 3 = 8.",
        "No, 5 is prime.",
        "That is a mistake: 5 + 3 = 9.",
        "Since each tile is 1 square inch, this is also the number of tiles.",
        "So we have 5 apples and",
        "Then $54 = 9 \\cdot 6 \\Rightarrow 54 \\equiv 0 \\pmod{6}$.",
        "#### 1. Compute the total\nThen we stop.",
        r"\boxed{Tom will be 27 years old in 5 years.}",
        r"\boxed{\frac{1}{2",
    ],
)
def test_what_states_no_value_or_several_has_no_answer(text: str) -> None:
    assert extract_answer(text) is None


@pytest.mark.parametrize(
    ("column", "answer"),
    [
        ("The answer is: 7", "7"),
        ("Answer: 5", "5"),
        ("So the answer is 2.", "2"),
        ("Result: 24", "24"),
        ("The total cost is $24.", "$24"),
        ("答案：42", "42"),
        ("The answer is Monday", "Monday"),
        ("The answer is x = 5.", "x = 5"),
    ],
)
def test_reference_answer_in_a_line_of_prose_is_read(column: str, answer: str) -> None:
    assert seed_answer(column) == answer


@pytest.mark.parametrize(
    "column",
    [
        *(
            "Monday",
            "It is impossible",
            "both A and C",
            "x = 5",
            "x=1, y=2",
            "f(x) = 2x + 1",
            "yes",
            "No solution",
        ),
        *("A", "(B)", "B: 5", "1/2", "2:30", "3, 4", "5 apples", "12 cm", "2 hours and 30 minutes"),
        *(
            "All integers greater than 3",
            "False, since 2 is prime",
            "There are 3 solutions: 1, 2 and 5",
            "\\frac45",
        ),
    ],
)
def test_reference_answer_in_words_or_as_an_expression_stays(column: str) -> None:
    assert seed_answer(column) == column


@pytest.mark.slow
def test_import_loads_no_computer_algebra() -> None:
    check = (
        "import sys, evolvemcts4rl.answers.extract; "
        "sys.exit('sympy' in sys.modules or 'math_verify' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is:\n1. 24", "24"),
        ("### Answer\n\n1. 24", "24"),
        ("The answer is:\n1) 24", "24"),
        ("The answer is:\n- 24", "24"),
        ("The answer is:\n- x = 24", "x = 24"),
        ("The answer is:\n- 24 apples", "24 apples"),
        ("Answer:\n• 24", "24"),
        ("**Answer:**\n\n> 24", "24"),
        ("The answer is:\n- -24", "-24"),
        ("The answer is:\n- 24\n- because there are 4 groups", "24"),
        ("The answers are:\n1. 3\n2. 5", "3, 5"),
        ("Final answer:\n\n1. x = 5\n2. x = 7", "x = 5, x = 7"),
        ("The answers are:\n- $3$\n- $5$\n\nThat is all.", "3, 5"),
        ("Final Answer:\n1. The cost is $24.\n2. The change is $6.", None),
        ("Answer:\n1. First add 3 and 4 to get 7.\n2. Then add 5 to get 12.", None),
        ("The answer is:\n-24", "-24"),
        ("The answer is: -24", "-24"),
        ("The answer is:\n1.5", "1.5"),
        ("The answer is:\n24. I hope it is correct.", "24"),
        ("The answer is 1. 24 is wrong.", "1"),
        ("Answer:\n(3, 4)", "(3, 4)"),
        ("【答案】（1）3；（2）5", None),
    ],
)
def test_list_marks_are_no_part_of_the_announced_answer(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


CASES = (
    "Had he sold|Were he to sell|Should he sell|Suppose that he sold|Supposing that he sold"
    "|Assuming that he sold|When he sold|Whenever he sold|Without|For|If he sold|Unless he sold"
    "|He keeps or otherwise sells|He may sell and in that case give away"
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("\\boxed{24}\n\nNote: the answer would be 25 if we counted twice.", "24"),
        (r"\boxed{24}. The answer would be 25 otherwise.", "24"),
        ("\\boxed{24}\n\nNote: the answer is 30 if x is negative.", "24"),
        ("\\boxed{24}\n\nIf you wanted the perimeter, the answer is 30.", "24"),
        ("\\boxed{24}\n\nWithout the discount, the answer is 30.", "24"),
        ("\\boxed{24}\n\nFor part (b), the answer is 30.", "24"),
        ("The answer is 24.\n\nHad she bought two, the answer would be 48.", "24"),
        ("The answer is 24. If we count twice and add one more, the answer is 25.", "24"),
        ("So the answer would be 24.", "24"),
        ("The answer is 12. So the answer would be 24.", "24"),
        ("\\boxed{23}\n\nWait, I forgot one. The answer is 24.", "24"),
        (r"\boxed{5}. Wait, if x = 3, then y = 8, so the answer is 24.", "24"),
        (r"\boxed{24}. She had 3 apples. The answer is 25.", "25"),
        ("When we add them, the answer is 24.", "24"),
        *(
            (f"\\boxed{{24}}. {lead} for the other one, the answer is 30.", "24")
            for lead in ["Note,", "Note that", "But", "And", "Also,", "However,", "Similarly,"]
        ),
        (r"\boxed{24}. Now, without the discount, the answer is 30.", "24"),
        *(
            (f"\\boxed{{24}}. {case} all of the pens in the box, the answer is 30.", "24")
            for case in CASES.split("|")
        ),
        *(
            (f"\\boxed{{24}}. The answer is 30 {word} x is negative.", "24")
            for word in ["if", "unless", "otherwise", "when", "assuming"]
        ),
        *(
            (f"\\boxed{{5}}. If x = 3, then y = 8, {word} the answer is 24.", "24")
            for word in ["so", "thus", "hence", "therefore,"]
        ),
    ],
)
def test_claim_that_holds_in_some_case_only_replaces_no_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 24 (since 4*6 = 24).", "24"),
        ("The answer is 24 (since $4 \\cdot 6 = 24$).", "24"),
        ("The answer is 24 (twenty-four).", "24"),
        ("The answer is 24 (4 groups of 6).", "24"),
        ("The answer is $24 (twenty-four dollars).", "$24"),
        ("The answer is $24$ (twenty-four).", "24"),
        ("The answer is 24 cm (approximately).", "24 cm"),
        ("The answer is 24 [dollars].", "24"),
        ("The answer is 24 (i.e. 2 dozen).", "24"),
        ("Final answer: 5 (five) apples", "5 apples"),
        ("The answer is 24; she has 4 groups.", "24"),
        ("The answer is 24: 4 groups of 6.", "24"),
        ("The answer is 24 — that is all of them.", "24"),
        ("The answer is 24 – 4 groups of 6.", None),
        ("The answer is 5 factorial, 120.", None),
        ("The answer is the letter B.", "B"),
        ("The answer is (3, 4).", "(3, 4)"),
        ("The answer is [1, 2).", "[1, 2)"),
        ("The answer is (0, 1) ∪ (2, 3).", "(0, 1) ∪ (2, 3)"),
        ("The answer is 2:3.", "2:3"),
        ("The answer is 3 : 4.", "3 : 4"),
        ("The answer is f(x) = 2x + 1.", "f(x) = 2x + 1"),
        ("The answer is C(5,2).", "C(5,2)"),
        ("The answer is sin (theta).", "sin (theta)"),
        ("The answer is 2 (x+1).", "2 (x+1)"),
        ("The answer is 2 - sin x cos x.", "2 - sin x cos x"),
        ("The answer is x = 2 (mod 5).", "x = 2 (mod 5)"),
        ("The answer is 12 (base 10).", "12 (base 10)"),
        ("The answer is 3 (or 4).", "3 (or 4)"),
        ("The answer is 3 (if x is even).", "3 (if x is even)"),
        ("The answer is f ().", "f ()"),
        ("The answer is x = 1; y = 2.", "x = 1; y = 2"),
        ("The answer is 5 apples, 3 pears.", "5 apples, 3 pears"),
    ],
)
def test_remark_after_the_announced_value_is_no_part_of_it(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("24 ✓", "24"),
        ("24.✅", "24"),
        ("The answer is 24 ✔️", "24"),
        ("So the total is 24. ✅", "24"),
        *(
            (f"The answer is <{tag}>24</{tag}>.", "24")
            for tag in ["b", "strong", "em", "i", "u", "mark"]
        ),
        ("The answer is <strong>24</strong>.", "24"),
        ("• 24", "24"),
        ("The answer is x <b", "x <b"),
        (r"\boxed{🍎}", "🍎"),
        (r"\boxed{\large 24}", "24"),
        (r"\boxed{\Large{24}}", "24"),
        (r"\boxed{\underline{24}}", "24"),
        (r"\boxed{\underline{\underline{\frac{1}{2}}}}", r"\frac{1}{2}"),
        (r"\boxed{\begin{array}{c}24\end{array}}", "24"),
        (
            r"\boxed{\begin{array}{cc}1&2\\3&4\end{array}}",
            r"\begin{array}{cc}1&2\\3&4\end{array}",
        ),
        (r"\boxed{\begin{array}{c}2\\4\end{array}}", r"\begin{array}{c}2\\4\end{array}"),
    ],
)
def test_decoration_is_no_part_of_the_answer(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"x is \boxed{12} and y is \boxed{13}.", "12, 13"),
        (r"Hence $x$ is $\boxed{12}$, while $y$ is $\boxed{13}$.", "12, 13"),
        (r"The length is \boxed{12} and the width is \boxed{13}.", "12, 13"),
        (r"The length is \boxed{12} and so the area is \boxed{144}.", "144"),
        (r"We get \boxed{12} and the total is \boxed{13}.", "13"),
        (r"It was \boxed{12} but is \boxed{13}.", "13"),
    ],
)
def test_boxes_of_several_names_are_one_list(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("所以选C。", "C"),
        ("所以选 C。", "C"),
        ("因此选B", "B"),
        ("应选（A）", "(A)"),
        ("【答案】B", "B"),
        ("故选择D。", "D"),
        ("故选：（D）．", "(D)"),
        ("故答案为 12．", "12"),
        ("故答案为：12．", "12"),
        ("答案：12．5", "12.5"),
        ("答：小明有12个苹果。", "12"),
        ("答：小明有12个苹果，小红有5个。", None),
        ("答：不是12。", None),
        ("我们应选择一个数。", None),
        ("选A还是选B？", None),
    ],
)
def test_answer_in_chinese_is_found(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("column", "answer"),
    [("Answer 5", "5"), ("answer 3/4", "3/4"), ("Question 5", "Question 5"), ("5．", "5")],
)
def test_reference_answer_after_the_word_answer_is_read(column: str, answer: str) -> None:
    assert seed_answer(column) == answer


@pytest.mark.parametrize("text", ["####**", "It is done.\n#### **", "#### "])
def test_hashes_before_nothing_are_no_answer(text: str) -> None:
    assert extract_answer(text) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("\\boxed{24}. So the answer is consistent.", "24"),
        ("The answer is 7. I hope that this answer is clear to you.", "7"),
        ("\\boxed{-3}. Answer: B", "-3"),
        ("\\boxed{42}. Answer: (B)", "(B) 42"),
        ("\\boxed{A}. Wait, the answer is B.", "B"),
        ("\\boxed{x}, \\boxed{x}", "x"),
        ("Thus\n$\\frac{1}{2}$.", "\\frac{1}{2}"),
        ("Thus\n\\[\\text{Hence proved}\\]", None),
        ("We count them.\n(There are 3 other ways.)", None),
        ("We count them.\nNote that there are 3 other ways.", None),
        ("It is done.\nI hope these 2 examples help", None),
        ("So she has 5 + 3 = 8 apples in the basket", "8"),
        ("We are done.\n#### Answer: 5", "5"),
        ("We list them.\n1) 12 apples", "12 apples"),
        ("Hence \\(\\boxed 7\\).", "7"),
        ("Hence $\\boxed \\frac 1 2$.", "\\frac 1 2"),
        ("\\boxed{2 \\cdot 0.4 = 0.8}", "0.8"),
        ("Thus\n$$\\binom{5}{2} = C(5,2) = 10$$", "10"),
        ("So\n$$10 + 7 = 17 = x$$", "17"),
        ("So\n$$x + y = 5$$", None),
        (
            "\\boxed{A = \\begin{pmatrix}1\\\\2\\end{pmatrix}}",
            "A = \\begin{pmatrix}1\\\\2\\end{pmatrix}",
        ),
        (
            "\\boxed{\\begin{aligned}A &= \\begin{pmatrix}1\\\\2\\end{pmatrix}\\end{aligned}}",
            "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
        ),
        ("\\boxed{\\begin{aligned}x + 1 &= 2 \\\\ x &= 1\\end{aligned}}", "x = 1"),
        ("So she spends $3 * 4 = $12.", "$12"),
        ("In each case, 5 apples remain.", "5"),
        ("So the ratio is \\frac{1}{2}.", "\\frac{1}{2}"),
        ("The value of $x$ is 5.", "5"),
        ("So $x \\approx 3.14159$.", None),
        ("She has (3 + 4) = 7 apples.", "7"),
        ("So he finishes 5th.", None),
        ("So it is 5x.", None),
        ("The answer is $P (both red)$.", "P (both red)"),
        ("The answer is 5 (\\text{in metres}).", "5 (\\text{in metres})"),
        ("\\boxed{\\text{a brace } \\{ }", "\\text{a brace } \\{"),
        ("The total is (7.", "7"),
        ("Yes, it is 5.", None),
        ("So she has 3 + 4 = 7 apples, and 5 pears.", None),
        ("There are 3 boys, so the number of girls is 5.", "5"),
    ],
)
def test_rare_wordings_are_read(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


def test_seed_whose_box_holds_a_sentence_with_several_values_keeps_the_sentence() -> None:
    box = r"\boxed{\text{Tom will be 27 in 5 years}}"
    assert seed_answer(f"So {box}") == r"\text{Tom will be 27 in 5 years}"


# Words after which a sentence in a seed's column is a statement, not the name of something.
VERBS_OF_SEEDS = """
    is are was were be been has have had gets get got makes make made earns earn earned
    costs cost pays pay paid needs need needed spends spent saves saved sells sold takes took uses
    used weighs remains remain remained travels covers gives receives becomes totals equals Needs
"""
STATED = """
    is|are|was|were|will be|equals|must equal|becomes|totals|gives|is equal to|is approximately
    is approx|is about|is around|is roughly|is nearly|is only|is just|is exactly|is now|is then
    is therefore|is thus|is also|is simply|is still|is a total of
"""
NOT_STATED = """
    The total is not 15 pens.
    The total cannot be 15 pens.
    The total is never 15 pens.
    The total is neither 15 pens.
    Nor is the total 15 pens.
    There are no 15 pens.
    The total of 15 boxes is unknown.
    The total of 15 boxes is unclear.
    If the total is 15 pens.
    Unless the total is 15 pens.
    We ask whether the total is 15 pens.
    Suppose the total is 15 pens.
    Assume the total is 15 pens.
    Assuming the total is 15 pens.
    Given a total of 15 pens.
    Let the total be 15 pens.
    Let's say the total is 15 pens.
    When the total is 15 pens.
    Where the total is 15 pens.
    Maybe the total is 15 pens.
    Perhaps the total is 15 pens.
    We try a total of 15 pens.
    We check the total of 15 pens.
    We verify the total of 15 pens.
    We solve it for 15 pens.
    We calculate it for 15 pens.
    We determine it for 15 pens.
    We compute it for 15 pens.
    We consider a total of 15 pens.
    It depends on 15 pens.
    It is true for 15 pens.
    It is false for 15 pens.
    A total of 15 pens is wrong.
    A total of 15 pens is incorrect.
    The total was incorrectly said to be 15 pens.
    A total of 15 pens is a mistake.
    A total of 15 pens is a contradiction.
    A total of 15 pens is impossible.
    The total is more than 15 pens.
    The total is at least 15 pens.
    The total is at most 15 pens.
    The total is somewhere between 15 pens.
    The total is over 15 pens.
    The total is under 15 pens.
    The total exceeds 15 pens.
    The total is within 15 pens.
    He counts until 15 pens.
    The total could be 15 pens.
    The total might be 15 pens.
    The total may be 15 pens.
    The total would be 15 pens.
    The total should be 15 pens.
"""


@pytest.mark.parametrize(
    ("column", "answer"),
    [(f"It {verb} 27 dollars", "27 dollars") for verb in VERBS_OF_SEEDS.split()],
)
def test_verb_makes_a_seed_a_statement(column: str, answer: str) -> None:
    assert seed_answer(column) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"We count them.\nWith 3 boxes of 5 pens the total {words.strip()} 15 pens.", "15")
        for line in STATED.strip().split("\n")
        for words in line.split("|")
    ],
)
def test_value_after_the_last_verb_is_stated(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [(f"We count them.\n{line.strip()}", None) for line in NOT_STATED.strip().split("\n")],
)
def test_denied_supposed_and_bounding_values_are_not_stated(text: str, answer: None) -> None:
    assert extract_answer(text) is answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"The answer is 27 {word} 5 days.", "27")
        for word in ["in", "after", "for", "from", "by", "at", "with", "on", "before", "during"]
    ],
)
def test_words_after_the_announced_value_end_it(text: str, answer: str) -> None:
    assert extract_answer(text) == answer
