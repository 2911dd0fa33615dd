"""Where problems come from and which are refused.

seeds: read seed files. acceptance_rules: what refuses an evolved problem. novelty: near-duplicates and test sets.
ordered_map: work ahead in order.
"""
