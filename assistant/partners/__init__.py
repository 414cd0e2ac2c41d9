"""Simulated partners: those that answer, and those that sell. One a file."""
