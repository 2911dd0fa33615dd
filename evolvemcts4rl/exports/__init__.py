"""From the trees to training files: rows of each format, as pure functions.

choice: which rows are kept, and why the others are not. families: which problems are held out.
chats: turns of a chat. whole_trees: the tree as it is. seed_files: the
two files of the first EvolveMCTS4RL. prm: labels of steps. critic: a chat of
the one who finds the first error. policy: solutions to learn from, and pairs. rlvr: problems with
answers. formats: every format by its name.
"""
