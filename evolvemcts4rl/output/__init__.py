"""What is on disk.

run_folder: all files of a run. run_files: their names, and whose they are. run_identity: what makes it the same run.
jsonl: rows. exports: tree to training files. summary: the counts.
"""
