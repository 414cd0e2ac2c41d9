"""How weights are computed that ship with the package, and are not computed by its users."""
