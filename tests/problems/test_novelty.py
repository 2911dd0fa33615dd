"""What counts as nearly equal, that it is found among many, and what overlaps a test set."""

import random
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolvemcts4rl.problems.novelty import Novelty, nearly_equal, template, tokens
from tests.support.work import bounded_work

TOM = "Tom has 8 apples and gives 3 away. How many apples are left?"
LONG = (
    "A shop in the harbour sells red lamps for 12 dollars and green lamps for 15 dollars each. "
    "On Monday a sailor buys 4 red lamps "
    "and some green lamps, pays with a note of 200 dollars and gets 77 dollars back. How many "
    "green lamps did the sailor buy?"
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TOM, TOM),
        (TOM, "  tom has 8 APPLES, and gives 3 away — how many apples are left"),
        (TOM, "Tom has 9 apples and gives 4 away. How many apples are left?"),
        (TOM, "Mia has 8 apples and gives 3 away. How many apples are left?"),
        (TOM, "Tom has 1,200 apples and gives 3.5 away. How many apples are left?"),
        (LONG, LONG.replace("sailor", "farmer").replace("harbour", "village")),
        (LONG, LONG.replace("77", "32").replace("On Monday", "One day")),
        ("Solve $3x + 5 = 20$ for x.", "Solve $7x + 1 = 50$ for x."),
        (
            "小明有8个苹果，给了小红3个。小明还剩几个苹果？",
            "小明有9个苹果，给了小红4个。小明还剩几个苹果？",
        ),
    ],
)
def test_same_problem_with_other_numbers_or_a_few_other_words_is_nearly_equal(
    first: str, second: str
) -> None:
    assert nearly_equal(template(first), template(second))
    novelty = Novelty()
    assert novelty.add("a", first) is None
    assert novelty.add("b", second) == "a"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TOM, "Tom has 8 apples and gives 3 away. Then he buys 2. How many apples are left?"),
        (
            TOM,
            "Tom has some apples and gives 3 away. Now 5 are left. How many apples did he have "
            "at first?",
        ),
        (TOM, "A tree has 8 pears and drops 3 of them. How many pears are left?"),
        (LONG, LONG.replace("How many", "He drops 2 of them. How many")),
        (
            LONG,
            LONG.split(" On Monday")[0]
            + " How much do 3 red lamps and 2 green lamps cost together?",
        ),
        ("Solve $3x + 5 = 20$ for x.", "Solve $3(x + 5) = 20x$ for x."),
        ("What is 3 + 4?", "What is 3 * 4 - 5?"),
    ],
)
def test_added_condition_or_another_question_makes_another_problem(first: str, second: str) -> None:
    assert not nearly_equal(template(first), template(second))
    novelty = Novelty()
    assert novelty.add("a", first) is None
    assert novelty.add("b", second) is None


def longest_common(first: list[str], second: list[str]) -> int:
    """Return the length of the longest common subsequence, by the textbook's table."""
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, left in enumerate(first):
        for j, right in enumerate(second):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
            )
    return table[-1][-1]


WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


@given(WORDS, WORDS)
def test_nearly_equal_is_four_fifths_in_common_order_and_at_most_two_words_more(
    first: list[str], second: list[str]
) -> None:
    near = 2 * longest_common(first, second) >= 0.8 * (len(first) + len(second))
    assert nearly_equal(first, second) is (near and abs(len(first) - len(second)) < 3)


def test_text_longer_than_any_problem_is_nearly_equal_to_itself_alone() -> None:
    long = "the number of red and blue lamps " * 1000
    assert nearly_equal(template(long), template(long))
    assert not nearly_equal(template(long), template("a" + long))


def test_half_a_character_is_no_word() -> None:
    assert tokens("Tom\ud83d has 3 \udc4d pens") == ["tom", "has", "3", "pens"]


@given(st.text(), st.text())
def test_text_is_nearly_equal_to_itself_and_the_first_id_is_kept(first: str, second: str) -> None:
    novelty = Novelty()
    assert novelty.add("a", first) is None
    assert novelty.add("b", second) in {None, "a"}
    assert novelty.add("c", first) == "a"


@given(st.text())
def test_tokens_do_not_depend_on_case_and_spacing(text: str) -> None:
    assert tokens(f"  {text}\n") == tokens(text)


def word(rng: Random) -> str:
    return "".join(rng.choices("abcdefghijklmnop", k=5))


@pytest.mark.slow
def test_near_duplicates_are_found_among_many_and_different_ones_are_not() -> None:
    rng = random.Random(0)
    vocabulary = [word(rng) for _ in range(2000)]
    texts = [
        rng.choices(vocabulary, weights=[1 / (n + 5) for n in range(2000)], k=rng.randint(15, 60))
        for _ in range(3000)
    ]
    novelty = Novelty()
    assert sum(novelty.add(f"{n}", " ".join(text)) is not None for n, text in enumerate(texts)) == 0
    found = 0
    for number, text in enumerate(texts[:500]):
        near = list(text)
        for place in rng.sample(range(len(text)), len(text) // 14):
            near[place] = word(rng)
        found += novelty.add("near", " ".join(near)) == f"{number}"
    assert found >= 0.95 * 500


@pytest.mark.slow
def test_near_duplicates_are_found_among_thousands_told_from_one_pattern() -> None:
    rng = random.Random(1)
    pattern = (
        "A farmer sells {} of his field at the market for {} "
        "and how much does he get in all after {} days?"
    )
    texts = [
        pattern.format(*(" ".join(word(rng) for _ in range(5)) for _ in range(3)))
        for _ in range(3000)
    ]
    novelty = Novelty()
    assert sum(novelty.add(f"{n}", text) is not None for n, text in enumerate(texts)) == 0
    near = [novelty.add("near", text.replace("market", "fair")) for text in texts[::30]]
    assert sum(found == f"{30 * n}" for n, found in enumerate(near)) >= 0.95 * len(near)


@pytest.mark.slow
def test_many_variants_of_one_problem_cost_no_more_than_others() -> None:
    novelty = Novelty()
    with bounded_work(
        4.0
    ):  # ten times what it takes; a look at each earlier one would take minutes
        for number in range(20_000):
            found = novelty.add(f"{number}", TOM.replace("8", f"{number}"))
            assert found == ("0" if number else None)


# Decontamination

TEST_TEXT = (
    "Nora walks 3 km to the lake in the morning and 4 km back by another way. "
    "How far does Nora walk in all?"
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (TEST_TEXT, True),
        (TEST_TEXT.upper().replace(".", " ;"), True),
        ("Some morning, " + TEST_TEXT[:70] + " and then goes home. What is 3 + 4?", True),
        ("Nora walks 3 km to the lake in the evening. How far does Nora walk in all?", False),
        (TEST_TEXT.replace("3", "5").replace("4", "6").replace("another", "a longer"), False),
        (TOM, False),
        ("", False),
    ],
)
def test_run_of_thirteen_words_of_a_test_text_is_contamination(question: str, found: bool) -> None:
    assert Novelty([TEST_TEXT]).contaminated(question) is found


def test_short_test_text_counts_as_a_whole() -> None:
    novelty = Novelty(["How many primes lie between 10 and 50?", "Compute $3 + 4$."])
    assert novelty.contaminated("Ann asks: how many primes lie between 10 and 50?")
    assert not novelty.contaminated("How many primes lie between 10 and 60?")
    assert novelty.contaminated("compute $3+4$")
    assert not novelty.contaminated("Compute $3 * 4$.")
    assert not novelty.contaminated("Compute $3 + 4$. Then compute its square and give the result.")


def test_phrase_that_many_test_texts_share_is_not_contamination() -> None:
    phrase = (
        "The answer can be written as a fraction m/n where m and n are relatively prime "
        "positive integers. Find m + n."
    )
    texts = [f"{word(random.Random(n))} {n} is drawn. {phrase}" for n in range(11)]
    assert not Novelty(texts).contaminated(f"A coin is thrown 5 times. {phrase}")
    assert Novelty(texts[:10]).contaminated(f"A coin is thrown 5 times. {phrase}")
