"""Which step is wrong.

belief: the posterior over a tree. judge: a second opinion by a language model.
"""
