"""Language models that an operator may connect: servers with OpenAI's API for chats. None is used by default.

chat asks a server. summaries lets one write summaries of papers, and judge lets one assess borderline matches. Emails
and pages read only what is stored, so they never wait for a server.
"""
