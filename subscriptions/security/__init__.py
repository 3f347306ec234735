"""Signed links, limits against abuse, the bot check, client addresses, and the CSP of emails shown in a browser."""
