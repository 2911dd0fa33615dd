"""Where problems come from, and which are refused.

seeds: read seed files. acceptance_rules: what refuses an evolved problem. novelty: near-duplicates and test sets.
ordered_map: work ahead, results in order. spool: the parents of the next round, on disk.
"""
