"""Turn a digest into an email.

rendering makes one email from the templates. batch makes the same email as bytes, for hundreds of readers at a time.
Both use headers, formatting, reason_line, bold_terms, quoted_printable and reader_urls. welcome is a new reader's first
email, repeats a sent digest once more, email_sample an email in the admin, and web_view a sent digest in the browser.
"""
