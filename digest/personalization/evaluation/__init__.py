"""The evaluation of matching: judgements, metrics and the runner. No database."""
