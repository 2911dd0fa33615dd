"""The worlds that are measured, each breaking an assumption that a method of labelling may make."""

from __future__ import annotations

from benchmarks.worlds import World

WORLDS: dict[str, World] = {
    "base": World("slips 3-20 % a stage, recoveries 8 %, three wordings, all errors alike"),
    "one wording": World("right steps are all worded alike", wordings=1),
    "no repeats": World("no text is ever written twice", wordings=None),
    "traps": World(
        "one stage of every problem is misread alike by many", traps=1.0, trap_share=(0.5, 0.9)
    ),
    "some traps": World("a third of the problems have such a stage", traps=0.33),
    "recovers often": World(
        "half of the wrong totals are mended at the next step without a word", silent=0.5
    ),
    "two kinds": World("most errors stay, three in ten are soon mended", silent=0.01, fleeting=0.3),
    "uneven": World("some stages are much harder than others", spread=1.5),
    "long steps": World("one to four stages a step", stages_a_step=4, stages=(6, 12)),
    "guesses": World("one wrong solution in four is given the right answer", guesses=0.25),
    "misgraded": World("three right answers in ten are graded wrong", misgraded=0.3),
    "remarks": World(
        "three steps in a hundred hold a false remark without consequence", remarks=0.03
    ),
    "unheard": World("corrections are announced in words that nobody listens for", unheard=0.7),
    "checks itself": World(
        "half of the wrong solutions are noticed and mended at their end", checks_at_end=0.5
    ),
    "headings": World("openings and headings are steps", headings=True),
    "wordy errors": World("wrong steps are twice as long", wordy_errors=True),
    "wrong keys": World("one stated answer in twelve is wrong", wrong_key=0.08),
    "strong": World("slips 1 %", slips=(0.005, 0.02)),
    "weak": World("slips 25-45 %, two to six stages", slips=(0.25, 0.45), stages=(2, 6)),
    "long": World("twelve to eighteen stages", stages=(12, 18), slips=(0.02, 0.08)),
    "LLM-like": World(
        "all of these, mildly",
        wordings=None,
        traps=0.3,
        trap_share=(0.3, 0.7),
        silent=0.03,
        fleeting=0.3,
        announced=0.05,
        unheard=0.5,
        spread=0.8,
        stages_a_step=3,
        stages=(5, 10),
        guesses=0.05,
        misgraded=0.03,
        remarks=0.02,
        headings=True,
    ),
}
