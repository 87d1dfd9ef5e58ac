"""The Python function under load."""


def handler(_event: object, _context: object) -> dict[str, int]:
    """Answer at once."""
    return {"ok": 1}


def echo(event: object, _context: object) -> object:
    """Give the event back."""
    return event


def credentials(_event: object, _context: object) -> list[str]:
    """Give the key that the function was given."""
    import os

    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return [os.environ[name] for name in names]


def printing(event: dict[str, float], _context: object) -> dict[str, float]:
    """Print so many lines per second for a while, or write as much where nobody reads; how fast it was."""
    import os
    import sys
    import time

    rate, seconds = event["rate"], event["seconds"]
    line = "[INFO] processing order {} for customer 4711 in 12.34 ms, nothing else to be said about it\n"
    with open(os.devnull, "w") if event.get("unheard") else os.fdopen(os.dup(1), "w") as target:
        print("begin", file=sys.stdout, flush=True)
        begin, printed = time.monotonic(), 0
        while (passed := time.monotonic() - begin) < seconds:
            due = int(passed * rate) - printed
            target.write("".join([line.format(printed + number) for number in range(due)]))
            target.flush()
            printed += due
            time.sleep(0.005)
        return {"lines": printed, "seconds": time.monotonic() - begin}


def telling(event: dict[str, float], _context: object) -> None:
    """Print the time now and then."""
    import time

    for _ in range(int(event["lines"])):
        print(f"told-at {time.time()}", flush=True)
        time.sleep(0.2)


def begun(event: dict[str, list[dict[str, dict[str, dict[str, str]]]]], _context: object) -> None:
    """Say when the function heard of an object."""
    import time

    print("BEGUN", event["Records"][0]["s3"]["object"]["key"], time.time())


HEARD: list[float] = []


def hearing(event: dict[str, list[dict[str, dict[str, float]]]], _context: object) -> list[float]:
    """Keep how old each record is when its call begins; without records tell, and begin anew."""
    import time

    now = time.time()
    if "Records" in event:
        HEARD.extend(now - record["kinesis"]["approximateArrivalTimestamp"] for record in event["Records"])
        return []
    if "records" in event:
        HEARD.extend(now - one["timestamp"] / 1000 for each in event["records"].values() for one in each)
        return []
    told = HEARD[:]
    HEARD.clear()
    return told
