"""Asking for solutions and reading them.

solver: first solutions and rollouts. steps: split a solution into steps. blocks: formulas and code that are never cut.
corrections: the wording by which a step announces a correction.
"""
