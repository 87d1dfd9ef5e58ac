"""The frontend: from a request to an invocation. `resolve` finds the version, `payload` checks the event,
`invoke` takes it through admission and lease to the assignment.
"""
