"""The query language of readers, described in docs/query-language.md.

`grammar` parses saved queries. `validation` reads a query that is being typed and refuses likely mistakes with advice.
`examples` is the table that forms show.
"""
