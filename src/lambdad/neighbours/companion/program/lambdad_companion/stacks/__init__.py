"""CloudFormation's resources that are lambdad's own: functions, roles, log groups, alarms, by its APIs.

`table` puts them in the place of ministack's; each kind is a `resource.Resource` on `calls`.
"""
