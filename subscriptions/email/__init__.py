"""The builder of emails, and the classification of errors when sending them."""
