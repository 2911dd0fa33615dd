"""Whether this answer is that answer.

extract: find a final answer. latex: boxes and formulas. statements: the value that a sentence states. compare: whether
two answers are the same. forms: number and unit. groups: tuples and sets. grader: comparisons in worker processes,
within bounds of time and memory.
"""
