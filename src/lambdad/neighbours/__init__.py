"""Services that lambdad does not answer itself, at the endpoints that `[services.<name>]` names.

edge → `forward` → (`aws_chunked`, `sigv4_sign`) → `http_client` → the endpoint; and for code in S3,
control → `object_source` → the same client.
"""
