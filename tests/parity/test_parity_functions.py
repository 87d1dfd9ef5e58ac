"""Functions: every recorded answer of their life. Requests are reconstructed from names and answers."""

from __future__ import annotations

import pytest
from asking import ROLE, archive, helped, plain
from bridge import ACCOUNT, Bridge
from recordings import Recording, answer, parity

FN = "my-fn-1a2b"


@parity("Function", "test_function_lifecycle")
def test_a_function_is_created_configured_given_code_and_deleted(aws: Bridge, recorded: Recording):
    recorded.check("create_response", helped(aws, FN, MemorySize=256, Timeout=5))
    recorded.check("get_function_response", aws.client.get_function(FunctionName=FN))
    updated = aws.client.update_function_configuration(
        FunctionName=FN,
        Runtime="python3.11",
        Description="Changed-Description",
        MemorySize=512,
        Timeout=10,
        Environment={"Variables": {"ENV_A": "a"}},
    )
    recorded.check("update_func_conf_response", updated)
    aws.settle()
    recorded.check("get_function_response_postupdate", aws.client.get_function(FunctionName=FN))
    code = aws.client.update_function_code(FunctionName=FN, ZipFile=archive("other"))
    recorded.check("update_code_response", code)
    aws.settle()
    recorded.check("get_function_response_postcodeupdate", aws.client.get_function(FunctionName=FN))
    recorded.check("delete_response", aws.client.delete_function(FunctionName=FN))
    recorded.check("delete_postdelete", answer(aws.client.delete_function, FunctionName=FN))


@parity("Function", "test_redundant_updates")
def test_an_update_that_changes_nothing_still_counts(aws: Bridge, recorded: Recording):
    recorded.check("create_response", helped(aws, FN, Description="Initial description"))
    update = {"FunctionName": FN, "Description": "1st update description"}
    recorded.check("first_update_result", aws.client.update_function_configuration(**update))
    aws.settle()
    recorded.check("get_fn_config_result", aws.client.get_function_configuration(FunctionName=FN))
    recorded.check("get_fn_result", aws.client.get_function(FunctionName=FN))
    recorded.check("redundant_update_result", aws.client.update_function_configuration(**update))
    aws.settle()
    recorded.check("get_fn_result_after_redundant_update", aws.client.get_function(FunctionName=FN))


@parity("Function", "test_lambda_code_location_zipfile")
def test_code_is_uploaded_inline(aws: Bridge, recorded: Recording):
    recorded.check("create-response-zip-file", plain(aws, FN))
    recorded.check("get-function-response", aws.client.get_function(FunctionName=FN))
    updated = aws.client.update_function_code(FunctionName=FN, ZipFile=archive("other"))
    recorded.check("update-function-response", updated)
    recorded.check("get-function-response-updated", aws.client.get_function(FunctionName=FN))


@parity("Function", "test_lambda_code_location_s3")
def test_code_is_taken_from_s3(aws: Bridge, recorded: Recording):
    aws.objects.buckets["bucket"] = {"one.zip": archive(), "two.zip": archive("other")}
    created = plain(aws, FN, Code={"S3Bucket": "bucket", "S3Key": "one.zip"})
    recorded.check("create_response_s3", created)
    recorded.check("get-function-response", aws.client.get_function(FunctionName=FN))
    updated = aws.client.update_function_code(FunctionName=FN, S3Bucket="bucket", S3Key="two.zip")
    recorded.check("update-function-response", updated)
    recorded.check("get-function-response-updated", aws.client.get_function(FunctionName=FN))


@parity("Function", "test_lambda_code_location_s3_errors")
def test_s3_refuses_the_code(aws: Bridge, recorded: Recording):
    aws.objects.buckets["bucket"] = {}
    no_bucket = {"S3Bucket": "no-such-bucket", "S3Key": "code.zip"}
    no_key = {"S3Bucket": "bucket", "S3Key": "no-such-key.zip"}
    create = {"FunctionName": "other", "Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE}
    recorded.check("create-error-wrong-bucket", answer(aws.client.create_function, **create, Code=no_bucket))
    recorded.check("create-error-wrong-key", answer(aws.client.create_function, **create, Code=no_key))
    plain(aws, FN)
    update = aws.client.update_function_code
    recorded.check("update-error-wrong-bucket", answer(update, FunctionName=FN, **no_bucket))
    recorded.check("update-error-wrong-key", answer(update, FunctionName=FN, **no_key))


@parity("Function", "test_lambda_concurrent_code_updates")
def test_a_code_update_excludes_another(aws: Bridge, recorded: Recording):
    recorded.check("create-function-response", plain(aws, FN, Handler="handler.handler"))
    aws.client.update_function_code(FunctionName=FN, ZipFile=archive("second"))
    third = answer(aws.client.update_function_code, FunctionName=FN, ZipFile=archive("third"))
    recorded.check("update-during-in-progress-update-exc", third)


@parity("Function", "test_lambda_concurrent_config_updates")
def test_a_configuration_update_excludes_another(aws: Bridge, recorded: Recording):
    recorded.check("create-function-response", helped(aws, FN))
    update = aws.client.update_function_configuration
    update(FunctionName=FN, Description="second")
    third = answer(update, FunctionName=FN, Description="third")
    recorded.check("update-during-in-progress-update-exc", third)


@parity("Function", "test_list_functions")
def test_functions_are_listed_with_and_without_versions(aws: Bridge, recorded: Recording):
    recorded.check("create_response_1", helped(aws, "list-1", Publish=True))
    recorded.check("create_response_2", helped(aws, "list-2", Code={"ZipFile": archive("other")}))
    for key, params in {"list_all": {"FunctionVersion": "ALL"}, "list_default": {}}.items():
        recorded.check(key, {"Functions": aws.client.list_functions(**params)["Functions"]})
    refused = answer(aws.client.list_functions, FunctionVersion="invalid")
    recorded.check("list_functions_invalid_functionversion", refused)


@parity("Function", "test_delete_on_nonexisting_version")
def test_what_does_not_exist_cannot_be_deleted(aws: Bridge, recorded: Recording):
    delete = aws.client.delete_function
    recorded.check("delete_function_response_non_existent", answer(delete, FunctionName=FN))
    qualified = answer(delete, FunctionName=FN, Qualifier="1221")
    recorded.check("delete_function_response_non_existent_with_qualifier", qualified)


def create_with(aws: Bridge, **given: object) -> object:
    members = {
        "FunctionName": FN,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": archive()},
    }
    return answer(aws.client.create_function, **(members | given))


@parity("Function", "test_create_lambda_exceptions")
def test_creating_is_refused_in_aws_words(aws: Bridge, recorded: Recording):
    recorded.check("invalid_role_arn_exc", create_with(aws, Role="r1"))
    recorded.check("invalid_runtime_exc", create_with(aws, Runtime="non-existent-runtime"))
    recorded.check("uppercase_runtime_exc", create_with(aws, Runtime="PYTHON3.9"))
    recorded.check("empty_architectures", create_with(aws, Architectures=[]))
    recorded.check("multiple_architectures", create_with(aws, Architectures=["x86_64", "arm64"]))
    recorded.check("uppercase_architecture", create_with(aws, Architectures=["X86_64"]))
    recorded.check("invalid_zip_exc", create_with(aws, Code={"ZipFile": b"this is not a zipfile"}))
    assert aws.client.list_functions()["Functions"] == []


@parity("Function", "test_update_lambda_exceptions")
def test_updating_is_refused_in_aws_words(aws: Bridge, recorded: Recording):
    helped(aws, FN)
    update = aws.client.update_function_configuration
    recorded.check("invalid_role_arn_exc", answer(update, FunctionName=FN, Role="r1"))
    recorded.check("invalid_runtime_exc", answer(update, FunctionName=FN, Runtime="non-existent-runtime"))
    recorded.check("uppercase_runtime_exc", answer(update, FunctionName=FN, Runtime="PYTHON3.9"))


@parity(
    "RuntimeValidation",
    *(
        f"test_create_deprecated_function_runtime_with_validation_enabled[{runtime}]"
        for runtime in (
            *(
                "dotnetcore3.1",
                "go1.x",
                "java8",
                "nodejs12.x",
                "nodejs14.x",
                "provided",
                "python3.7",
                "ruby2.7",
            ),
        )
    ),
)
def test_a_deprecated_runtime_is_refused(aws: Bridge, recorded: Recording):
    recorded.check("deprecation_error", create_with(aws, Runtime=recorded.case))


@parity("Function", "test_function_arns")
def test_a_function_is_created_under_every_form_of_its_name(aws: Bridge, recorded: Recording):
    prefix = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
    full = helped(aws, f"{prefix}full-1")
    recorded.check("create-function-arn-response", full)
    partial = helped(aws, f"{ACCOUNT}:function:partial-2", Code={"ZipFile": archive("other")})
    recorded.check("create-function-partial-arn-response", partial)
    foreign = prefix.replace(ACCOUNT, "123412341234")
    recorded.check("function_arn_other_account_exc", create_with(aws, FunctionName=f"{foreign}fn"))
    elsewhere = prefix.replace("us-east-1", "ap-southeast-1")
    recorded.check("function_arn_other_region_exc", create_with(aws, FunctionName=f"{elsewhere}fn"))
    recorded.check("invalid_function_name_exc", create_with(aws, FunctionName="invalid:function:name"))
    recorded.check("long_function_arn_exc", create_with(aws, FunctionName=prefix + "a" * 100))
    recorded.check("long_function_name_exc", create_with(aws, FunctionName="a" * 65))


@pytest.mark.parametrize("settled", [True, False])
def test_the_code_location_is_that_of_the_code(aws: Bridge, settled: bool):
    plain(aws, FN, settle=settled)
    location = aws.client.get_function(FunctionName=FN)["Code"]["Location"]
    (key,) = aws.codes.stored
    assert f"/{key}.zip?" in location
