"""What several test modules share; each module here answers one question, and holds no test."""
