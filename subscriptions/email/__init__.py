"""The builder of emails, the classification of errors when sending them, and the status codes of mail servers."""
