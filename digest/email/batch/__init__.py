"""The batch path: make the digests of many readers as bytes that are ready to send.

Most of an email is the same for all readers, so it is made once for each edition, language and theme:

1. Mark: the ordinary templates are rendered with a marker at the place of each paper, reason and personal value.
2. Split: the rendered email is split at the markers, into fixed pieces and named places (template_parts).
3. Encode: each piece is encoded as quoted-printable, once, and kept (byte_template, part_cache).
4. Fill: each reader's bytes go to the places, and the pieces are joined (recipients, assembler, composer).

The first email of each kind is made by the plain path (`digest.email.rendering`), too, and compared. If they differ,
all further emails take the plain path, which is correct and slow. A small site would work without this package.
docs/email-pipeline.md has a drawing and an example.
"""
