"""What is shown.

page: report.html. problem_card: one problem on it. markup: text made safe for HTML.
report.css: its looks.
"""
