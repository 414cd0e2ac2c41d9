"""What the books come to beyond one statement: who a sale is owed to."""
