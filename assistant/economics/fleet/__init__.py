"""Many devices: event logs simulated or gathered, one set of metrics, and the effect that is known."""
