"""A chat whose answer arrives word by word: a function URL that streams (Node.js)."""

import json
import time


def tell(stage):
    """Ask, and show each word when it arrives; the pieces as they came."""
    question = "I am tired of my servers."
    stage.say(f"POST {stage.outputs['Url']} {question!r}")
    pieces, begun = [], time.monotonic()
    with stage.open(stage.outputs["Url"], "POST", json.dumps({"message": question})) as answered:
        while piece := answered.read1():
            pieces.append(piece.decode())
            for word in words(pieces[-1]):
                stage.say(f"{(time.monotonic() - begun) * 1000:6,.0f} ms  {word}")
    return pieces


def words(text):
    """The data of server-sent events."""
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
