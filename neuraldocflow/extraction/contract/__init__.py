"""Fields of contracts: names, parties, dates, terms and the law that governs them."""
