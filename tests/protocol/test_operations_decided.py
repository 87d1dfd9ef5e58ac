"""Every operation of the pinned model is decided on: done or refused, and answered so."""

from __future__ import annotations

from collections import Counter

import pytest
from operation_requests import smallest_request

from lambdad import __version__
from lambdad.awsapi import model
from lambdad.control.families import FAMILIES, offered_operations, refused_operations
from tests.parity.bridge import Bridge

AT_THE_EDGE = {"Invoke", "InvokeWithResponseStream", "InvokeAsync"}
"""Answered without the control plane."""


def test_every_operation_of_the_model_is_in_one_family():
    listed = Counter(name for family in FAMILIES for name in family.operations)
    assert set(listed) == set(model.load("lambda").operations)
    assert {name for name, times in listed.items() if times > 1} == set()


def test_what_is_offered_is_what_has_a_handler():
    with Bridge() as aws:
        assert set(aws.plane.operations) | AT_THE_EDGE == offered_operations()


@pytest.mark.parametrize("operation", sorted(refused_operations()))
def test_what_is_refused_says_so_in_a_modelled_error(operation):
    with Bridge() as aws:
        answer = smallest_request(aws, operation)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": f"{operation} is not offered by lambdad {__version__}",
    } | {key: value for key, value in answer["Error"].items() if key == "Type"}
