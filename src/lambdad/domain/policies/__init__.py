"""Policies in the language of IAM: what a document says, and whether it lets a principal do something.

In the order they are used: `document` reads a text into `statements`; `evaluation` decides, by `principals`,
`templates` (wildcards and variables) and `conditions` with their `operators`. `combined` adds up what
several policies say. `attached` is the value that functions and layer versions keep, `public` tells whether a
document opens something to everybody.

All of it is pure and takes bounded time: documents are written by callers.
"""
