"""How processes start, exchange messages and end."""
