"""What is on disk.

run_folder: the files of a run. run_identity: what makes two runs the same. jsonl: rows, written whole. exports: from a
tree to training files. summary: what a run cost and made. run_reader: the same folder for reading, as the Python API gives it.
"""
