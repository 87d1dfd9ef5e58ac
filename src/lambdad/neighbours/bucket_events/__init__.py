"""Notifications of an S3 server that knows no functions: rules are kept here, its webhook comes here.

edge → `buckets` (keeps rules) → `neighbours.forward`; the server → edge → `webhook` (→ events).

Source: decision 0026.
"""
