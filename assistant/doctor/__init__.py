"""Examines the machine: probes read it, pure checks judge what they read, each with what to do about it."""
