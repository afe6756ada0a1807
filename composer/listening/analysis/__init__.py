"""From ballots to a result that stands: screening, tests with effect sizes, intervals, a report.

Knows answers, and no sound. The libraries of statistics are imported where they are used.
"""
