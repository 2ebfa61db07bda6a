"""Clients that send planned requests and record each answer: the child process behind `compiler.drill.load`."""
