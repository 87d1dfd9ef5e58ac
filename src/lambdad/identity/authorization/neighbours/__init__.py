"""What requests to the services next to Lambda need, read before they are forwarded: by service.

`reading` opens bodies, each module knows a service, `guarded` stands in front of one. A request that cannot
be read as its service would read it is refused: what is decided on must be what is done.
"""
