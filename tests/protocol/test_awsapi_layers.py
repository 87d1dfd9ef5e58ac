"""Layer operations on the wire: what AWS answers before any handler is asked.

Source of the words: answers recorded by the public suite that tests/parity has its answers from.
"""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.awsapi import model
from lambdad.awsapi.constraints import violations

ARCHITECTURES = "Member must satisfy enum value set: [x86_64, arm64]"


def found(operation: str, **params: Any) -> list[str]:
    shape = model.load("lambda").operations[operation].input
    assert shape is not None
    return list(violations(shape, params))


def test_unknown_runtimes_and_architectures_are_refused_together():
    said = found(
        "PublishLayerVersion",
        LayerName="l",
        Content={},
        CompatibleRuntimes=["invalidruntime", "invalidruntime2", "nodejs16.x"],
        CompatibleArchitectures=["invalidarch", "x86_64"],
    )
    runtimes = next(sentence for sentence in said if "compatibleRuntimes" in sentence)
    assert runtimes.startswith(
        "Value '[invalidruntime, invalidruntime2, nodejs16.x]' at 'compatibleRuntimes' failed to satisfy "
        "constraint: Member must satisfy enum value set: [nodejs"
    )
    assert (
        "Value '[invalidarch, x86_64]' at 'compatibleArchitectures' failed to satisfy constraint: "
        f"Member must satisfy constraint: [{ARCHITECTURES}"
    ) in "\n".join(said)
    assert len(said) == 2


@pytest.mark.parametrize("operation", ["ListLayers", "ListLayerVersions"])
def test_filters_must_be_known(operation):
    said = found(operation, LayerName="l", CompatibleRuntime="nasa", CompatibleArchitecture="mips")
    assert said[0] == (
        f"Value 'mips' at 'compatibleArchitecture' failed to satisfy constraint: {ARCHITECTURES}"
    )
    assert said[1].startswith(
        "Value 'nasa' at 'compatibleRuntime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert found(operation, LayerName="l", CompatibleRuntime="python3.12") == []


def test_sixteen_runtimes_are_too_many():
    said = found("PublishLayerVersion", LayerName="l", Content={}, CompatibleRuntimes=["python3.12"] * 16)
    assert [sentence.rpartition(": ")[2] for sentence in said] == [
        "Member must have length less than or equal to 15"
    ]


def test_a_layer_of_a_function_is_named_with_its_version():
    arn = "arn:aws:lambda:us-east-1:111111111111:layer:l"
    said = found("UpdateFunctionConfiguration", FunctionName="f", Layers=[arn])
    assert len(said) == 1
    assert said[0].startswith(
        f"Value '[{arn}]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 2048, "
        "Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: "
    )
    assert said[0].endswith(", Member must not be null]")
    assert found("UpdateFunctionConfiguration", FunctionName="f", Layers=[f"{arn}:1"]) == []
