"""Asking for solutions and reading them.

solver: first solutions and rollouts. rollouts: a completion as a rollout, with its verdict. voting:
the answer of most solutions. steps: split a solution into steps. thoughts: a thought with its
answer as a solution. roles: what a line or unit of a text is. blocks: formulas and code that are
never cut. corrections: the wording by which a step announces a correction. equations: whether what
a step states in numbers is true. amounts: what numbers count, folded away.
arithmetic: the value of an expression in numbers. judges: other models, and their own answers.
answer_certainty: is a voted answer right.
"""
