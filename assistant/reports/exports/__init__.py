"""The books in the formats of other programs. Everything that is exported says that it is simulated."""
