"""The roof: what a person types. Chooses a backend, hands it its orders, shows what happens."""
