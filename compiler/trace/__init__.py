"""Answers about traffic from the program alone: which route a request takes, what a loss would do."""
