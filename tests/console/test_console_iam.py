"""The pages of IAM: a role is made, changed, revoked and deleted; and why something is denied."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.console.acting import TRUST
from tests.console.conftest import Console
from tests.running import Server


def shown(page: Page) -> None:
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    expect(page.get_by_text("could not be read")).to_have_count(0)


@pytest.mark.full
def test_a_role_is_made_in_three_steps_and_found_in_the_list(console: Console, server: Server) -> None:
    page = console.open("/iam/roles/create")
    expect(page.get_by_role("heading", name="Trust policy")).to_be_visible()
    assert console.violations() == []
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("AWSLambdaBasicExecutionRole").first).to_be_visible()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Role name").fill("made-here")
    page.get_by_role("button", name="Create role").click()
    page.wait_for_url("**/iam/roles/made-here")
    expect(page.get_by_text("AWSLambdaBasicExecutionRole").first).to_be_visible()
    shown(page)
    assert console.violations() == []
    console.picture("iam-role")
    page = console.open("/iam/roles")
    expect(page.get_by_role("link", name="made-here")).to_be_visible()
    assert console.violations() == []


def test_a_role_is_given_a_policy_that_is_checked_revoked_and_deleted(
    console: Console, server: Server
) -> None:
    iam = server.client("iam")
    iam.create_role(RoleName="changed-here", AssumeRolePolicyDocument=TRUST, Description="<b>bold</b>")
    page = console.open("/iam/roles/changed-here")
    page.get_by_role("button", name="New inline policy").click()
    page.get_by_label("Policy name").fill("reads")
    field = page.get_by_label("Policy in JSON")
    field.fill('{"Version": "2012-10-17",\n "Statement": [}')
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("(line 2,")).to_be_visible()
    field.fill(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
            }
        )
    )
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("reads is saved.")).to_be_visible()
    assert iam.list_role_policies(RoleName="changed-here")["PolicyNames"] == ["reads"]

    page.get_by_role("tab", name="Last accessed").click()
    shown(page)
    page.get_by_role("tab", name="Revoke sessions").click()
    page.get_by_role("button", name="Revoke active sessions").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("may do nothing any more")).to_be_visible()
    assert "AWSRevokeOlderSessions" in iam.list_role_policies(RoleName="changed-here")["PolicyNames"]

    page.get_by_role("button", name="Delete", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/iam/roles")
    assert "changed-here" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]


def test_why_somebody_may_not_do_something_is_explained(console: Console, server: Server) -> None:
    role = server.client("iam").create_role(RoleName="asked-about", AssumeRolePolicyDocument=TRUST)["Role"][
        "Arn"
    ]
    page = console.open("/iam/why")
    page.get_by_label("Who").fill(role)
    page.get_by_label("On what").fill("arn:aws:lambda:us-east-1:000000000000:function:any")
    page.get_by_role("button", name="Explain").first.click()
    expect(page.get_by_text("Denied").first).to_be_visible()
    shown(page)
    assert console.violations() == []


def test_a_role_that_is_gone_leads_back_to_the_list(console: Console, server: Server) -> None:
    page = console.open("/iam/roles/nobody")
    expect(page.get_by_text("There is no such role any more")).to_be_visible()
    expect(page.get_by_role("link", name="To the list of roles")).to_be_visible()


def test_policies_show_what_they_say(console: Console, server: Server) -> None:
    page = console.open("/iam/policies")
    page.get_by_placeholder("Find policies").fill("AWSLambdaBasicExecutionRole")
    page.get_by_role("link", name="AWSLambdaBasicExecutionRole", exact=True).click()
    expect(page.get_by_label("Policy document")).to_contain_text("logs:CreateLogGroup")
    assert console.violations() == []
