"""An approval: a Step Functions execution waits for a person's decision by task token (Python)."""

import json


def tell(stage):
    """Start two expenses, approve one and refuse the other; what came of both."""
    return decided(stage, "taxi", 40, "approve"), decided(stage, "yacht", 90_000, "refuse")


def decided(stage, expense, amount, decision):
    """Run one expense to its end; the execution's status, and its output or error."""
    states, rows = stage.client("stepfunctions"), stage.client("dynamodb")
    given = json.dumps({"expense": expense, "amount": amount})
    machine = stage.outputs["Expenses"]
    execution = states.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    key = {"expense": {"S": expense}}
    waiting = stage.outputs["Waiting"]
    stage.until(lambda: rows.get_item(TableName=waiting, Key=key).get("Item"), "an expense that waits")
    status = states.describe_execution(executionArn=execution)["status"]
    stage.say(f"{given}: the execution is {status} and waits for a decision")
    api = f"http://{stage.outputs['Api']}.execute-api.localhost"
    status, text = stage.ask(f"{api}/expenses/{expense}/{decision}", "POST")
    stage.say(f"POST /expenses/{expense}/{decision}\n  {status} {text}")

    def ended():
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = stage.until(ended, "the execution's end")
    came = found["output"] if found["status"] == "SUCCEEDED" else f"{found['error']}: {found['cause']}"
    stage.say(f"the execution is {found['status']}: {came}")
    return found["status"], came
