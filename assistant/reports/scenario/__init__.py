"""Scenarios as they are read: tables for a terminal, drawings, one page."""
