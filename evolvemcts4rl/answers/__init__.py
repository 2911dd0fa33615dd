"""Whether this answer is that answer.

extract: find a final answer. compare: two of them. spelling: LaTeX evened out. forms: name, number
and unit. groups: tuples and sets. values: formulas by evaluation. grader: comparisons in worker
processes, within bounds of time and memory.
"""
