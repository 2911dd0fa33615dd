"""What is on disk.

run_folder: the files of a run, written and mended. tree_files: those that follow from the trees.
last_files: those that follow from all rows at the end.
decided: the problems in it that have ended. run_files: their names, and whose they are.
run_identity: what makes two runs the same. growth: how a run grows into a larger one.
run_reader: a run's folder for reading, as the Python API gives it. jsonl: rows, written whole.
recording: every completion with its prefix. export_files: the training files, written and counted.
parquet_file: the one that is Parquet, too. card: README.md, as the hub reads it.
export_run: all of these made anew, without a model. hub: sends them there.
spending: what a run bought, by role.
summary: what a run cost and made.
no_labels: why a run has labelled nothing.
"""
