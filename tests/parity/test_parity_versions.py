"""Published versions: every recorded answer."""

from __future__ import annotations

from asking import archive, plain
from bridge import Bridge
from recordings import Recording, answer, parity

FN = "my-fn-1a2b"


@parity("Versions", "test_publish_version_on_create")
def test_a_version_is_published_with_the_function(aws: Bridge, recorded: Recording):
    client = aws.client
    recorded.check("create_response", plain(aws, FN, Publish=True))
    recorded.check("get_function_result", client.get_function(FunctionName=FN))
    recorded.check("get_function_version_result", client.get_function(FunctionName=FN, Qualifier="1"))
    latest = client.get_function(FunctionName=FN, Qualifier="$LATEST")
    recorded.check("get_function_latest_result", latest)
    recorded.check("list_versions_result", client.list_versions_by_function(FunctionName=FN))
    recorded.check("repeated_publish_response", client.publish_version(FunctionName=FN))
    listed = client.list_versions_by_function(FunctionName=FN)
    recorded.check("list_versions_result_after_publish", listed)


@parity("Versions", "test_publish_with_update")
def test_a_version_is_published_with_new_code(aws: Bridge, recorded: Recording):
    client = aws.client
    recorded.check("create_response", plain(aws, FN))
    recorded.check("get_function_result", client.get_function(FunctionName=FN))
    updated = client.update_function_code(FunctionName=FN, ZipFile=archive("other"), Publish=True)
    recorded.check("update_function_code_result", updated)
    recorded.check("get_function_version_result", client.get_function(FunctionName=FN, Qualifier="1"))
    latest = client.get_function(FunctionName=FN, Qualifier="$LATEST")
    recorded.check("get_function_latest_result", latest)


@parity("Versions", "test_publish_with_wrong_sha256")
def test_publishing_can_insist_on_the_code(aws: Bridge, recorded: Recording):
    publish = aws.client.publish_version
    recorded.check("create_response", plain(aws, FN))
    current = aws.client.get_function(FunctionName=FN)
    recorded.check("get_fn_response", current)
    wrong = answer(publish, FunctionName=FN, CodeSha256="somenonexistentsha256")
    recorded.check("publish_wrong_sha256_exc", wrong)
    right = publish(FunctionName=FN, CodeSha256=current["Configuration"]["CodeSha256"])
    recorded.check("publish_result", right)


@parity("Versions", "test_publish_with_wrong_revisionid")
def test_publishing_can_insist_on_the_revision(aws: Bridge, recorded: Recording):
    # The oldest of these recordings: AWS's answers have grown since.
    recorded.later = frozenset({"SnapStart", "LoggingConfig", "RuntimeVersionConfig"})
    publish = aws.client.publish_version
    created = plain(aws, FN, Runtime="python3.9")
    recorded.check("create_response", created)
    current = aws.client.get_function(FunctionName=FN)
    recorded.check("get_fn_response", current)
    wrong = answer(publish, FunctionName=FN, RevisionId=created["RevisionId"])
    recorded.check("publish_wrong_revisionid_exc", wrong)
    right = publish(FunctionName=FN, RevisionId=current["Configuration"]["RevisionId"])
    recorded.check("publish_result", right)


@parity("Versions", "test_version_lifecycle")
def test_versions_are_published_kept_and_deleted(aws: Bridge, recorded: Recording):
    client = aws.client
    update, publish, get = client.update_function_configuration, client.publish_version, client.get_function
    recorded.check("create_response", plain(aws, FN, Description="No version :("))
    recorded.check("get_function_result", get(FunctionName=FN))
    recorded.check("list_versions_result", client.list_versions_by_function(FunctionName=FN))
    recorded.check("first_update_response", update(FunctionName=FN, Description="First version :)"))
    aws.settle()
    recorded.check("first_update_get_function", get(FunctionName=FN))
    first = publish(FunctionName=FN, Description="First version description :)")
    recorded.check("first_publish_response", first)
    recorded.check("first_publish_get_function", get(FunctionName=FN, Qualifier="1"))
    configuration = client.get_function_configuration(FunctionName=FN, Qualifier="1")
    recorded.check("first_publish_get_function_config", configuration)
    recorded.check("second_update_response", update(FunctionName=FN, Description="Second version :))"))
    aws.settle()
    recorded.check("first_publish_get_function_after_update", get(FunctionName=FN, Qualifier="1"))
    recorded.check("second_publish_response", publish(FunctionName=FN))
    third = publish(FunctionName=FN, Description="Third version description :)))")
    recorded.check("third_publish_response", third)
    listed = client.list_versions_by_function(FunctionName=FN)
    recorded.check("list_versions_result_after_third_publish", listed)
    client.delete_function(FunctionName=FN, Qualifier="1")
    listed = client.list_versions_by_function(FunctionName=FN)
    recorded.check("list_versions_result_after_deletion_of_first_version", listed)
