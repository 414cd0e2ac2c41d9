"""Tests mirror the packages; real parts wherever they can run."""
