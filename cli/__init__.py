"""The roof: what a person types. Chooses a house, hands it its orders, shows what happens."""
