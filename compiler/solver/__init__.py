"""Shares for every set of losses, and the loads and capacities that follow: pure, exact arithmetic on the program.

Numbers are fractions, never floats, so that shares add up to exactly one.
"""
