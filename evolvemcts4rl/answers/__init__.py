"""Find final answers and compare them.

extract: find the final answer of a completion or a seed. latex: boxes and formulas in a text.
statements: the value that a sentence states. sentence_values: all values in it. remarks: what
stands around an answer and is no part of it.

compare: whether two answers are the same. forms: an answer taken apart into name, body and unit.
spelling: LaTeX evened out. numbers: numbers in digits. number_words: numbers in words. units: units
and money. groups: tuples and sets. values: formulas compared by evaluation. patterns: expressions
compiled late.

grader: comparisons and votes in worker processes with bounds of time and memory.
workers: those processes. rules: how each grader of the package reads and compares answers. marked:
what is marked as the answer, as it is written. choice: the options of a problem, and which of them
is named. custom_grader: a function of the user's as grader. graders: the one that --grader names.
"""
