"""The engine: pure values in, pure values out.

Nothing in this package does I/O, awaits, reads a clock, draws a random number or knows a framework.
The same input always gives the same output, so everything hard is decided here and tested without a server.
"""
