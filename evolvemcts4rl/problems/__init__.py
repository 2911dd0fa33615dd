"""Where problems come from, and which are refused.

seeds: the seeds of a run. given: the solutions that come with them.
table_file: files of rows. file_scan: what a file holds, before a parser
sees it. json_objects: JSON read object by object.
acceptance_rules: what refuses an evolved problem. novelty: near-duplicates and test sets.
ordered_map: work ahead, results in order. spool: the parents of the next round, on disk.
"""
