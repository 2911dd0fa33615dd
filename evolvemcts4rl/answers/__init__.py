"""Whether this answer is that answer.

extract: find the final answer of a completion or a seed. latex: boxes and formulas in a text.
statements: the value that a sentence states. remarks: what stands around an answer and is no part
of it. compare: whether two answers are the same. spelling: LaTeX evened out. forms: name, number
and unit. number_words: numbers in words. groups: tuples and sets. values: formulas compared by
evaluation. grader: comparisons and votes in worker processes with bounds of time and memory.
"""
