"""Scenarios: the economics of a whole system for a year, every figure with its kind, its source and its range."""
