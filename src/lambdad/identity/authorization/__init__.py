"""What a request needs, and whether those who ask have it.

In the order they are used: `needs` and the tables beside it (`lambda_actions`, `logs_actions`, `iam_actions`,
`sts_actions`, `neighbour_needs`) say which actions on which resources a request is; `facts` are its condition
keys; `decisions` decides by what binds the caller and by the resource's own policy (`guards`), and remembers;
`authority` puts them together for whoever stands in front of a service. `denials` are AWS's words, `roles`
the rules of passing roles to Lambda, `explaining` tells people.
"""
