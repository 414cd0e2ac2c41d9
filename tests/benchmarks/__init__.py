"""Measurements, not tests: `make bench` prints them and writes docs/benchmarks.md."""
