"""Asking for solutions and reading them.

solver: first solutions and rollouts. steps: split a solution into steps. roles: what a line or unit
of a solution is. blocks: formulas and code that are never cut. corrections: the wording of
corrections.
"""
