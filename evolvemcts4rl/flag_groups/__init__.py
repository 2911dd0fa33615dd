"""The flags in their groups, each declared once.

declaration: what is told of a flag. kinds: kinds of values, read and checked.
number_kinds: the kinds of numbers. role_kinds: the kinds that speak of the roles of models.
files: seeds and output. model: the model and its endpoint.
prompts: what the model is told. answers: what grades a solution.
evolution: new problems. search: the search and its labels.
exports: training files and their way to the hub.
"""
