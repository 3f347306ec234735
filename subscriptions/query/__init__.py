"""The query language of readers, described in docs/query-language.md.

`grammar` parses saved queries. `validation` parses a query as it is typed and rejects likely mistakes, with advice.
`examples` is the table that forms show.
"""
