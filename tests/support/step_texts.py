"""Solutions as models write them: lines, texts with their steps, sentences about mistakes."""

LINES = (
    "Tom has 8 apples and gives 3 away.",
    "4 + 3 = 7",
    "So the answer is:",
    "where $r$ is the radius of the circle.",
    "1. First, we count the even numbers.",
    "2) $x = 5$",
    "2. **Multiply the results:**",
    "- If $n$ is odd, then $n^2$ is odd.",
    "- 3 apples",
    "   - an indented remark on the item above",
    "* a = 5",
    "Step 3: We add the prices, which gives 12.",
    "Step 4:",
    "**Step 5**",
    "Step 6: Add the apples",
    "步骤2：再减去三。",
    "## The last part",
    "**Final Answer**",
    "---",
    r"\[",
    r"\]",
    r"\[ x = 3 \]",
    "$$",
    "$$ y = 2 $$",
    "$$ y = 2",
    "We have $$z = 1$$ here.",
    r"\begin{align}",
    r"\end{align}",
    r"x &= 1 \\[4pt]",
    r"\begin{cases} 1 & n = 0 \\ 2 & n = 1 \end{cases}",
    r"\boxed{7}",
    "Therefore,",
    "and",
    "**Divide the total by 4.**",
    "1. Calculate the total distance.",
    "3. Multiply the two numbers",
    "- Sum = 14",
    "(b) So there are 10.",
    "Ann sold 48/2 = 24 clips in May.",
    "#### 72",
    "Output:",
    r"\begin{itemize}",
    r"\end{itemize}",
    "a) The total is 12 apples.",
    "b)",
    "首先，计算总数为12",
    "因此答案是7",
    "Then we halve it",
    r"\item Then $b = 4$.",
    r"$\blacksquare$",
    "然后他吃了3个。",
    "```python",
    "```",
    "~~~~",
    "| x | y |",
    "|---|---|",
    "- | 2",
    "[asy]",
    "[/asy]",
    "Tom's total is £5; 费用是五元。",
)

# Each text is given as the steps that it must split into.
SPLITS = {
    "Chinese lines without full stops": [
        "首先，计算总数为12\n",
        "然后，减去5得到7\n",
        "因此答案是7",
    ],
    "English lines without full stops": ["We add 3 and 4 to get 7\n", "Then we take 2 away\n"],
    "a line that wraps before a connective": ["We take the sum and,\nThen, we halve it."],
    "items with letters": ["a) The total is 12 apples.\n", "b) The rest is 5 apples."],
    "choices with letters": ["The choices are:\n\nA) 12\nB) 15\n\n", "It is 12, so A."],
    "a list of LaTeX": [
        "\\begin{itemize}\n\\item We add 3 and 4 to get 7.\n",
        "\\item We subtract 2 to get 5.\n",
        "\\item So the answer is 5.\n\\end{itemize}",
    ],
    "paragraphs": [
        "\nSam has 4 pens and buys 3 more.\n\n",
        "4 + 3 = 7\n\n\n",
        "The answer is \\boxed{7}.\n",
    ],
    "windows line ends": ["We add.\r\n\r\n", "We subtract.\r\n"],
    "lines of one paragraph": ["We add 3\nand then 4.\n\n", "Done."],
    "numbered items": [
        "Solve it:\n\n",
        "1. We add 3 and 4.\n",
        "2) We multiply it by 2.\n",
        "3. So $x = 14$.",
    ],
    "items with sub-items": [
        "1. **Count them:**\n   - Tom has 8.\n   - Ann has 3.\n\n",
        "2. Then we add 8 and 3.",
    ],
    "bulleted cases": ["- If n is even, it is 2.\n", "* If n is odd, it is 3.\n"],
    "items that name values": ["We know:\n- a = 3\n- 5 pears\n\n* 3\n\n", "Now we add them."],
    "named steps": [
        "Step 1: Add 3 and 4.\n",
        "**Step 2:** Double it.\n",
        "Case II: n is odd.\n",
        "第三步：相加。",
    ],
    "named steps without full stops": ["Step 1: Add the apples\n", "Step 2: Take the pears away\n"],
    "heading": [
        "## Solution\n\n### Step 1: Add\n\nWe add 3 and 4.\n\n",
        "## Step 2\nWe double it.",
    ],
    "bold heading": ["**Step 1: Find $x$**\n\nIt is 5.\n\n", "**Final Answer**\n\n\\boxed{5}"],
    "rule": ["We add.\n\n---\n\n", "We double."],
    "lone formula": ["Then\n\n\\[\nx = 3\n\n= 1 + 2\n\\]\n\n$$y = 4$$\n\n", "So we add them."],
    "formula with its where": [
        "The area is\n\n$$\\pi r^2,$$\n\nwhere $r$ is the radius.\n\n",
        "Hence 12.",
    ],
    "inline formula after a colon": ["The answer is:\n\n$\\boxed{7}$\n\n", "Done."],
    "environment": ["So\n\\begin{align*}\nx &= 1 \\\\[4pt]\n\n1. &= 2\n\\end{align*}\n\n", "Done."],
    "nested environments": [
        "A \\begin{array}a\n\n\\begin{array}b\\end{array}\n\nc\\end{array}\n\n",
        "Done.",
    ],
    "code block": [
        "We run it:\n\n```python\nx = 1\n\n# one more\n- a list of four words\n\\[\n```\n\n",
        "It prints \\].",
    ],
    "table": [
        "The values:\n\n| n | f |\n|---|---|\n| 1 | 2 |\n\n",
        "Or as here:\n\nn | f\n--|--\n- 1 = a | b c d e\n\n",
        "Done.",
    ],
    "unclosed formula": ["We have \\[ x = 1\n\n", "Then we add it.\n\n", "So \\[ y \\] is it.\n"],
    "unclosed dollars": [
        "We have $$ x = 1\n\n",
        "Then we add it to y.\n\n$$ y\n\n= 2 $$\n\n",
        "Done.",
    ],
    "unclosed code": ["```python\nx = 1\n\n", "Then we add it.\n\n", "Done."],
    "one line a step": [
        "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\n",
        "She sold 48+24 = <<48+24=72>>72 clips altogether\n",
        "Half of them is 36 clips.\n#### 36",
    ],
    "one Chinese line a step": ["首先，小明有8个苹果。\n", "然后他吃了3个。\n", "最后剩下5个。"],
    "lettered lines": [
        "(a) We count the even numbers.\n",
        "(b) We count the odd ones: 5.\n",
        "(c) It is 10.",
    ],
    "items of LaTeX": [
        "Two cases:\n\\begin{enumerate}\n",
        "\\item If $n$ is even, it is 3.\n",
        "  \\item If it is odd, 4.\n\\end{enumerate}",
    ],
    "lines of a derivation": [
        "Let x be their price.\nx+x+8=22\n2x=14\nx=7\n",
        "They cost 7 dollars.\n",
    ],
    "formula within lines": [
        "We multiply them.\n\\[ 3 \\cdot 4 = 12 \\]\nSo it is 12.\n\n",
        "Now we add 5.",
    ],
    "connectives alone": [
        "\\[ x = 3 \\]\n\n",
        "Then\n\n\\[ y = 4 \\]\n\nand\n\n\\[ z = 5 \\]\n\n",
        "Therefore,\n\n$x + y + z = 12$.\n\n",
        "所以\n\n总数是12。",
    ],
    "box alone": [
        "We get five of them.\n\n\\boxed{5}\n\n",
        "So that is it.\n\n$\\boxed{x = 5}$\n\n$\\blacksquare$",
    ],
    "value alone": ["The answer is\n\n**42**\n\n", "That is it, as we see.\n\n$42$"],
    "bold headings that are sentences": [
        "**Step 1: Calculate the number of rolls sold.**\n\nHe sells 36 of them.\n\n",
        "**Determine the rest.**\n\nIt is 60.\n\n",
        "**So 60 rolls are left.**",
    ],
    "plan": [
        "To solve it, we go like this:\n\n1. Calculate the total distance traveled.\n2. Divide "
        "it by 4.\n\n",
        "The distance is 8.\n\n",
        "A quarter of it is 2.",
    ],
    "items that are headings": [
        "1. Calculate the distance.\n\nIt is 60 · 2 = 120.\n\n",
        "2. Divide it by 4.\n\nIt is 30.",
    ],
    "bullets under a heading": [
        "## Costs\n- Apples cost 2 · 3 = 6.\n",
        "- Pears: 8\n",
        "- Sum = 14\n\n",
        "Done now.",
    ],
    "bullets under a numbered step": [
        "Step 2: First stop\n- 8 get off\n- 5 get on\n- Now there are 23 - 8 + 5 = 20 "
        "passengers\n\n",
        "3. We halve them:\n- 10 of them get off\n- 7 get on, so that there are 17\n\n",
    ],
    "numbered headings with a list": [
        "1. **Start**:\n   - Start with 23 passengers.\n\n",
        "2. **First stop**:\n   - Now there are 20 passengers on it.",
    ],
    "code and its output": [
        "We run it:\n```python\nprint(4 * 12)\n```\nOutput:\n```output\n48\n```\n",
        "The answer is $\\boxed{48}$.",
    ],
    "escaped marks": ["It costs \\$$5 \\\\[2pt]\n\n", "And \\$$6 \\\\]."],
}

CORRECTIONS = """\
Wait, I made a mistake above.
That is not right: the area should be 12.
Actually, the previous step is wrong.
Oops, 7 × 8 is 56.
I should have multiplied by 3 instead of 2.
Scratch that; we start from the second equation.
Let me recheck… correction: the total is 15.
Wait, that's not correct. 12 + 9 = 21.
Hmm, this can’t be right, because a probability is at most 1.
However, I forgot to subtract the overlapping cases.
I miscounted the number of primes; there are 8.
On second thought, the pairs are ordered.
Sorry, I misread the problem: Tom buys 4 boxes, not 3.
Wait, no, the denominator is 36.
No wait, we need at least two heads.
Actually, it should be $x = -3$.
My earlier calculation was incorrect.
The equation above is wrong, since the sign was dropped.
Let me correct that: 15 - 6 = 9.
I apologize for the confusion, the answer is 14.
There is an error in the previous step.
It seems I have made a mistake in my calculation.
I see that I made an error when I expanded the square.
**Correction:** the sum is 30.
Let me redo this calculation.
I need to start over.
Step 2 is wrong: 3 does not divide 10.
I incorrectly applied the formula in step 3.
Wait, that doesn't look right.
Oh no, I used the wrong formula! I should have used the law of cosines.
I was wrong to divide by x, since x may be zero.
We overlooked the case x = 0.
We missed the case where both dice show 6.
I think I made a mistake here.
I realize that I misinterpreted the question.
I see my mistake: the radius is 4.
The mistake was that I counted the corner twice.
The first term should be 5, not 3.
My mistake, the price is per kilogram.
Actually, this is incorrect. The order does not matter here.
等等，我算错了，应该是12。
不对，上面的计算有误。
等一下，这不对，3乘以4等于12。
抱歉，我看错了题目。
更正：总数为15。
前面的结果错了，应该重新计算。
我刚才忘了减去重复的部分。
第2步有误。
I should have written $\\frac{1}{2}$.
That is not quite right: 3 + 4 is 7.
No. It is 42, not 48.
No! That is not entirely right.
No! That does not add up.
"""

NOT_CORRECTIONS = """\
We must correct for double counting.
Wait time of 5 minutes is added.
A common mistake is to add the two probabilities.
The wrong answers are excluded.
Let me verify: correct.
Let me double-check: 3 + 4 = 7, which is correct.
Wait, let me double-check this: 3 × 4 = 12. Yes.
Actually, we can simplify further.
No, 17 is not a multiple of 3.
The correct answer is 12.
The result should have three digits.
We should have x + y = 10.
If I made a mistake, the sum would not be even.
Let us check whether we made an error.
To make sure that I did not make a mistake, I substitute back.
Tom made a mistake on 3 of the 20 questions.
The student gets 2 wrong and 18 right.
The probability that an answer is wrong is 3/4.
The percent error is 5%.
Each wrong answer costs 2 points.
This contradicts the assumption that n is even, so our assumption was wrong.
If x = 2, then 4 = 5, which is wrong.
Option A is incorrect, because 9 is not prime.
This is not correct for x = 0, so 0 is excluded.
Since we have counted each pair twice, we divide by 2.
We overcount by a factor of 3, so we divide.
The bus had to wait, so it came 10 minutes late.
Don't forget to add the carry.
The previous step gives x = 3.
From step 2, we get 3x = 9.
As shown above, the sum is 10.
In the first step we found that a = 4.
We correct to the nearest tenth: 3.1.
The continuity correction adds 0.5.
There is no mistake in the calculation above.
The earlier result is correct.
She waits 5 minutes, not 10.
The exponent should be an integer.
Let's try n = 4.
Let's try again with n = 5.
This is not a right angle.
That is not an integer, so we discard it.
No solution exists, so the set is empty.
Wait for the second train: 12 minutes.
The clerk misread 3 of the 40 labels.
The actual cost is 15 dollars.
Actually, no integer is both even and odd.
Her last answer was wrong, so her score is 9.
John apologizes and gives back 3 marbles.
I will now fix the value of x at 3.
Let us fix a vertex A.
We ignore the negative root.
We disregard the case x < 0.
Hmm, let me think about the cases.
We need to revise the interval to [0, 3].
The machine makes an error with probability 0.01.
What is the smallest number that is not a correct choice?
这个图形是不对称的。
小明做错了3道题。
错误的概率是1/4。
这与假设矛盾，所以假设不成立。
等等号两边同时除以2。
所以答案是正确的。
Since the second statement is wrong, the first person is a liar.
The last statement is wrong, so B lies.
The price should be 12 dollars instead of 15 dollars.
She should have 12 marbles left.
Let me check this result by substitution: 9 = 9.
Is 91 prime? No, it is 7 · 13.
Next, we fix this point and rotate the triangle.
The first attempt fails with probability 1/3.
"""
