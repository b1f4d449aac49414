"""``/office/accounts``: who can log in, as what and for how long; passwords, authenticators, tokens."""
