"""The control plane: what functions there are and how they are configured.

`plane` puts one handler per operation together out of `functions`, `code`, `versions`, `layers`, `tags`
and `account`. What they share, by concern: `naming` and `lookup` find a version, `configuration` and
`checks` decide (pure), `rendering` answers (pure), `states` and `settling` move Pending to Active.
"""
