"""Whether this answer is that answer.

extract: find a final answer and compare two. forms: number and unit. groups: tuples and sets. grader: comparisons in worker
processes, within bounds of time and memory.
"""
