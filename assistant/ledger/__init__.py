"""Double entry in integer millionths: accounts, pricing plans, rules, checks."""
