"""What a role's page changes, what it asks before, and that text is text whoever wrote it."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import Page, expect

from tests.console.acting import MARKUP, TRUST, press
from tests.console.conftest import Console
from tests.running import Server

DIALOG = "[role=dialog]"
READS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
READ_ONLY = "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"


@pytest.fixture
def role(server: Server) -> str:
    name = f"role-{uuid.uuid4().hex[:8]}"
    server.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=TRUST,
        Description=MARKUP,
        Tags=[{"Key": "kept", "Value": "as it was"}],
    )
    return name


def answer(page: Page, button: str) -> None:
    """Say yes in the dialog, and see it go."""
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{re.escape(label)}")).click()
    page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).click()


@pytest.mark.full
def test_a_policy_is_attached_to_a_role_and_detached_after_the_question(
    shared: Console, server: Server, role: str
) -> None:
    iam = server.client("iam")
    page = shared.open(f"/iam/roles/{role}")
    expect(page.get_by_text("None is attached.")).to_be_visible()
    expect(page.get_by_text(MARKUP)).to_be_visible()
    choose(page, "Policy to attach", "AWSLambda_ReadOnlyAccess")
    press(page, "Attach")
    expect(page.get_by_role("link", name="AWSLambda_ReadOnlyAccess")).to_be_visible()
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"][0]["PolicyArn"] == READ_ONLY

    press(page, "Detach AWSLambda_ReadOnlyAccess")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("loses at once what only this policy allows")).to_be_visible()
    dialog.get_by_text("The same with the AWS CLI").click()
    expect(dialog.get_by_text(re.compile("^aws iam detach-role-policy"))).to_contain_text(role)
    assert shared.violations(DIALOG) == []
    dialog.get_by_role("button", name="Cancel").last.click()
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 1
    press(page, "Detach AWSLambda_ReadOnlyAccess")
    iam.detach_role_policy(RoleName=role, PolicyArn=READ_ONLY)  # somebody else was faster
    dialog.get_by_role("button", name="Detach", exact=True).click()
    expect(dialog.get_by_text("was not found")).to_be_visible()
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    answer(page, "Detach")
    expect(page.get_by_text("None is attached.")).to_be_visible()
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_an_inline_policy_is_made_changed_and_deleted_after_the_question(
    shared: Console, server: Server, role: str
) -> None:
    iam = server.client("iam")
    page = shared.open(f"/iam/roles/{role}")
    press(page, "New inline policy")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_label("Policy name").fill("reads")
    field = page.get_by_label("Policy in JSON")
    field.fill('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}')
    press(page, "Save")
    expect(page.get_by_text("(statement 1)")).to_be_visible()
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    field.fill(READS)
    press(page, "Save")
    expect(page.get_by_text("reads is saved.")).to_be_visible()
    press(page, "Edit reads")
    expect(page.get_by_label("Policy name")).to_have_attribute("readonly", "")
    field.fill(READS.replace("GetObject", "ListBucket"))
    with page.expect_response(lambda answer: "PutRolePolicy" in (answer.request.post_data or "")):
        press(page, "Save")
    assert "ListBucket" in str(iam.get_role_policy(RoleName=role, PolicyName="reads")["PolicyDocument"])
    press(page, "Delete reads")
    expect(page.get_by_role("dialog").get_by_text("cannot be brought back")).to_be_visible()
    answer(page, "Delete")
    expect(page.get_by_text("It has none of its own.")).to_be_visible()
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


@pytest.mark.full
def test_summary_trust_and_tags_are_changed_and_the_page_asks_why_for_the_role(
    shared: Console, server: Server, role: str
) -> None:
    iam = server.client("iam")
    page = shared.open(f"/iam/roles/{role}")
    press(page, "Edit")
    dialog = page.get_by_role("dialog")
    longest = dialog.get_by_label("Maximum session duration")
    longest.fill("60")
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    longest.fill("7200")
    dialog.get_by_label("Description").fill("<b>new</b>")
    assert shared.violations(DIALOG) == []
    answer(page, "Save")
    expect(page.get_by_text("2 h 00 min")).to_be_visible()
    expect(page.get_by_text("<b>new</b>")).to_be_visible()
    assert iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"] == 7200

    page.get_by_role("tab", name="Trust relationships").click()
    field = page.get_by_label("Who may take the role")
    field.fill('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}')
    press(page, "Check")
    expect(page.get_by_text("(statement 1)")).to_be_visible()
    field.fill(TRUST.replace("lambda.", "events."))
    press(page, "Save")
    expect(page.get_by_text("The trust policy is saved.")).to_be_visible()
    assert "events.amazonaws.com" in str(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    page.get_by_role("tab", name="Tags").click()
    expect(page.get_by_label("Value 1")).to_have_value("as it was")
    page.get_by_label("Key 1").fill("team")
    page.get_by_label("Value 1").fill("blue")
    press(page, "Save tags")
    expect(page.get_by_text("The tags are saved.")).to_be_visible()
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert shared.violations() == []

    press(page, "Why allowed or denied")
    expect(page.get_by_label("Who")).to_have_value(iam.get_role(RoleName=role)["Role"]["Arn"])
    press(page, "Explain")
    expect(page.get_by_text("Denied").first).to_be_visible()


def test_a_role_whose_trust_policy_is_none_does_not_reach_the_next_step(console: Console) -> None:
    page = console.open("/iam/roles/create")
    page.get_by_text("Custom trust policy").click()
    page.get_by_label("Policy in JSON").fill('{"Version": "2012-10-17",\n "Statement": [}')
    press(page, "Next")
    expect(page.get_by_text("(line 2,")).to_be_visible()
    page.get_by_label("Policy in JSON").fill(TRUST.replace("lambda.", "scheduler."))
    press(page, "Next")
    expect(page.get_by_text("AWSLambdaBasicExecutionRole").first).to_be_visible()
    press(page, "Next")
    press(page, "Create role")
    expect(page.get_by_text("only; 1 to 64")).to_be_visible()


def test_a_role_whose_policy_cannot_be_attached_is_there_and_the_failure_is_told(
    console: Console, server: Server
) -> None:
    page = console.open("/iam/roles/create")
    press(page, "Next")
    expect(page.get_by_text("AWSLambdaBasicExecutionRole").first).to_be_visible()
    press(page, "Next")
    page.get_by_label("Role name").fill("half-made")

    page.route(
        "**/",
        lambda route: (
            route.fulfill(
                status=403,
                content_type="text/xml",
                body="<ErrorResponse><Error><Code>AccessDenied</Code><Message>not &lt;i&gt;yours&lt;/i&gt;</Message>"
                "</Error><RequestId>asked-2</RequestId></ErrorResponse>",
            )
            if "AttachRolePolicy" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    press(page, "Create role")
    page.wait_for_url("**/iam/roles/half-made")
    expect(page.get_by_text("Attaching AWSLambdaBasicExecutionRole failed")).to_be_visible()
    expect(page.get_by_text("not <i>yours</i>")).to_be_visible()
    expect(page.get_by_text("None is attached.")).to_be_visible()
    assert server.client("iam").get_role(RoleName="half-made")["Role"]["RoleName"] == "half-made"


def test_a_denial_with_markup_in_it_is_shown_as_text_and_explained_again(
    console: Console, server: Server
) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    asks = server.client_of(key, "iam")
    with pytest.raises(ClientError, match="AccessDenied"):
        asks.get_role(RoleName="b")
    page = console.open("/iam/why")
    press(page, "Explain iam:GetRole")
    expect(page.get_by_label("Who")).to_have_value(re.compile("user/nobody$"))
    expect(page.get_by_text("Denied", exact=True).first).to_be_visible()
    page.get_by_label("Who").fill(MARKUP)
    page.get_by_role("button", name="Explain", exact=True).first.click()
    expect(page.get_by_text(re.compile("could not be answered|Denied")).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
