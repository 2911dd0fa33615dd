"""Where problems come from and which are refused.

seeds: the seeds of a run. table_file: files of rows. acceptance_rules: what refuses an evolved problem. novelty: near-duplicates and test sets.
ordered_map: work ahead in order.
"""
