"""What the log comes to: pure functions to rows, and their rendering apart from the arithmetic."""
