"""Sandboxes: where functions run, kept apart from the host and from one another.

`plan` says what is wanted, `factory` chooses the tier by probing (`probe`), `namespace_tier` and
`process_tier` make sandboxes. The system calls are done by a helper process: see `launcher`.
"""
