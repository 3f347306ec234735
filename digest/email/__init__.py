"""Make an email out of a digest.

rendering makes one email from the templates; batch makes the same bytes for readers by the hundred. Both use headers,
formatting, reasons, bold_terms, quoted_printable and reader_urls. web_view shows a sent digest again; welcome,
first_digest and theme_preview are for the first email and for the preview in the admin.
"""
