"""Language models as judges: YES or NO over one answer, the better of two, and how far to believe them."""
