"""How processes start, talk to each other and end."""
