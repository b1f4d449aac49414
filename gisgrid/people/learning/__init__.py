"""What the people of the teams read and learn: documents and training."""
