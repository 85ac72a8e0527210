"""Benchmarks: every budget of design.md that exists by now, beside its reference, measured in the same run.

    python -m bench [sizes] [start] [requests] [--rounds N]

They print and never assert: a shared machine's absolute figures say little, and a test that fails when somebody else
is busy teaches people to look away. Rates are compared with a bare Starlette route under the same server, in rounds
that alternate, and the ratio is the median of the rounds' ratios; the server's own processor time for a request stands
beside it, because it suffers least from neighbours.
"""
