"""Which step is wrong.

belief: the posterior over a tree. labelling: write labels from it, and read them. judge: a second opinion by a language
model.
"""
