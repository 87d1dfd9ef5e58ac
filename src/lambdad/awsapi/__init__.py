"""The wire, derived from botocore's service model files: no botocore code is ever imported.

In the order a request meets it: `model` (what the file says), `routes` (which operation),
`parse` (bytes to parameters), `constraints` (what the model allows), a handler of the control
plane, `render` (result to bytes) or `faults` (error to bytes); `service` puts them in a row.
"""
