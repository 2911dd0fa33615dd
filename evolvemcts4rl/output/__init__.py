"""What is on disk.

run_folder: all files of a run. decided: problems that are done already. jsonl: rows. exports: tree to training files.
summary: the counts.
"""
