"""The public pages of papers: thin, each asks a service and shows what it says."""
