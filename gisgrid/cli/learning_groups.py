"""Groups of commands on documents and training, which several modules fill."""

from __future__ import annotations

from gisgrid.cli import draft_documents, learning, training_sessions

document = learning.document
for command in draft_documents.COMMANDS:
    document.add_command(command)

training = learning.training_group
for command in training_sessions.COMMANDS:
    training.add_command(command)
