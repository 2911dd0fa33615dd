"""Which step is wrong.

rates: the model of slips, recoveries and witnesses. witnesses: what a step says about itself.
agreement: whether right solutions reach what a step states. messages: what is known of a prefix
from all at and below it. belief: the posterior over a tree. information: what more rollouts would
tell. search_state: what a search has found and spent so far. learning: the rates from a run's
trees. labelling: write labels from the belief, and read them. judge: second opinions by language
models. judge_rates: how well a judge judges. planted: cases whose truth is known, to learn that.
opinions: what verdicts say of each step.
"""
