"""How good matching is: judgements, metrics and the runner. No database."""
