"""Where problems come from, and which are refused.

seeds: reads the seeds of a run. seed_rows: each row as a problem. seed_checks: what is wrong with
them. seed_ids: their ids. row_content: what a row holds. given: the
solutions that come with it. chats: cells that hold a chat. hub:
datasets of the hub.
table_file: files of rows. csv_options: how separated values are read. broken_rows: leaves out what
cannot be read. file_scan: what a file holds, before a parser
sees it. json_objects: JSON read object by object.
acceptance_rules: what refuses an evolved problem. novelty: near-duplicates and test sets.
ordered_map: work ahead, results in order. spool: the parents of the next round, on disk.
"""
