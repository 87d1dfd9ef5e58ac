"""Verifies AWS Signature Version 4, given a key: pure, of values and `now`.

`claims` reads what a request says about its signature (`Authorization` or a presigned query), `dates` when
it was signed, `verifier` computes it again and compares, `chunks` does so for bodies signed in pieces.
Everything that does not hold is a `CredentialsRefused` in AWS's words.

A request that is sent again within the allowed skew is accepted, as on AWS: the signature says who asked for
what, not how often.
"""
