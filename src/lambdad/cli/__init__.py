"""The command `lambdad`: what people and scripts type.

`entry` answers the quick commands itself and hands everything else to the typer app in `app`.
Commands reach a server only through its HTTP endpoint (`client`), like any other AWS client.
"""
