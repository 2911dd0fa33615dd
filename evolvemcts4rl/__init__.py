"""Evolve seed problems, search each with a chat model, label every reasoning step: the parts of generate.py.

Read downwards, the folders are the pipeline: problems, chat, solutions, answers, labels, output, report.
"""
