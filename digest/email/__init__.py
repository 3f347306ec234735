"""A digest becomes a mail.

rendering (one mail, from the templates) is the plain way; composition (kits, stock, frames, pieces, encoding) makes
the same bytes for readers by the hundred, and proving compares the two
headers, wording, addresses serve both; mailed and showing keep a digest and show it again; welcoming, beginning,
branding
"""
