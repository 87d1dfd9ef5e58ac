"""The edge: one endpoint for every service.

`connection` speaks HTTP, `gate` decides who may come in, `identity` reads whose request it is,
`dispatch` sends it on: a warm invoke straight to the frontend (`invoke_route`), everything else as
a whole request to a service (`services`).
"""
