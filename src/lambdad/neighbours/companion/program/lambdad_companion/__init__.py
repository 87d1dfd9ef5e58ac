"""The companion: ministack, with lambdad in the place of its Lambda, IAM, STS, Logs and CloudWatch.

Runs in the companion's own interpreter, with the standard library, ministack and what that needs. `main`
reads its orders from stdin, sets the `hooks` that wait for ministack's modules, and serves behind the
`guard`. What a service does with functions goes through `door` to the server, which decides whether it may.
"""
