"""Managed policies of the account in the console: made, changed by versions, deleted; refusals are shown."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.console.acting import TRUST, press
from tests.console.conftest import Console
from tests.running import Server


def policy(action: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
    )


def test_a_policy_is_made_changed_put_back_and_deleted(console: Console, server: Server) -> None:
    iam = server.client("iam")
    page = console.open("/iam/policies")
    press(page, "Create policy")
    page.get_by_label("Policy name").fill("not a name")
    expect(page.get_by_text("Letters, digits and +=,.@-_ only")).to_be_visible()
    page.get_by_label("Policy name").fill("reads-things")
    field = page.get_by_label("Policy in JSON")
    field.fill('{"Version": "2012-10-17"}')
    press(page, "Create policy")
    expect(page.get_by_text("Statement").first).to_be_visible()
    field.fill(policy("s3:GetObject"))
    assert console.violations() == []
    press(page, "Create policy")
    expect(page.get_by_role("heading", name="reads-things")).to_be_visible()
    expect(page.get_by_label("Policy document")).to_contain_text("s3:GetObject")
    arn = f"arn:aws:iam::{server.client('sts').get_caller_identity()['Account']}:policy/reads-things"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"

    press(page, "Edit")
    page.get_by_label("Policy in JSON").fill(policy("s3:ListBucket"))
    press(page, "Save")
    expect(page.get_by_text("The new version is in effect.")).to_be_visible()
    expect(page.get_by_label("Policy document")).to_contain_text("s3:ListBucket")
    press(page, "Put into effect: v1")
    expect(page.get_by_text("v1 is in effect.")).to_be_visible()
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    expect(page.get_by_role("button", name="Delete v2")).to_be_visible()
    assert console.violations() == []

    iam.create_role(RoleName="holds-it", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="holds-it", PolicyArn=arn)
    delete(page)
    expect(page.get_by_text("Cannot delete a policy attached to entities").first).to_be_visible()
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 2, "versions went for nothing"
    iam.detach_role_policy(RoleName="holds-it", PolicyArn=arn)
    delete(page)
    page.wait_for_url("**/iam/policies")
    expect(page.get_by_role("link", name="reads-things")).to_have_count(0)
    assert [one for one in iam.list_policies(Scope="Local")["Policies"] if one["Arn"] == arn] == []


def delete(page: Page) -> None:
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()


def test_a_sixth_version_is_refused_and_there_is_room_after_one_is_deleted(
    console: Console, server: Server
) -> None:
    iam = server.client("iam")
    arn = iam.create_policy(PolicyName="full", PolicyDocument=policy("s3:One"))["Policy"]["Arn"]
    for action in ("s3:Two", "s3:Three", "s3:Four", "s3:Five"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(action))
    page = console.open(f"/iam/policies/{quote(arn, safe='')}")
    expect(page.get_by_text("There is no room for another one")).to_be_visible()
    press(page, "Edit")
    page.get_by_label("Policy in JSON").fill(policy("s3:Six"))
    press(page, "Save")
    expect(page.get_by_text("can have up to 5 versions").first).to_be_visible()
    press(page, "Delete v5")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Version v5 is deleted.")).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("The new version is in effect.")).to_be_visible()
    expect(page.get_by_label("Policy document")).to_contain_text("s3:Six")


def test_a_policy_of_aws_can_only_be_looked_at(console: Console) -> None:
    page = console.open("/iam/policies/arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess")
    expect(page.get_by_label("Policy document")).to_contain_text('"Action"')
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


@pytest.mark.full
def test_a_sixth_version_is_saved_when_the_oldest_may_go(console: Console, server: Server) -> None:
    iam = server.client("iam")
    arn = iam.create_policy(
        PolicyName="fuller", PolicyDocument=policy("s3:One"), Description="<b>of</b> a test"
    )["Policy"]["Arn"]
    for action in ("s3:Two", "s3:Three", "s3:Four", "s3:Five"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(action))
    page = console.open(f"/iam/policies/{quote(arn, safe='')}")
    expect(page.get_by_text("<b>of</b> a test")).to_be_visible()
    press(page, "Edit")
    page.get_by_text("Delete v2, the oldest version that is not in effect").click()
    page.get_by_label("Policy in JSON").fill(policy("s3:Six"))
    assert console.violations() == []
    press(page, "Save")
    expect(page.get_by_text("The new version is in effect.")).to_be_visible()
    versions = [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]]
    assert versions == ["v6", "v5", "v4", "v3", "v1"]


def test_a_policy_says_who_has_it_and_is_attached_and_detached_there(
    console: Console, server: Server
) -> None:
    iam = server.client("iam")
    arn = iam.create_policy(PolicyName="given", PolicyDocument=policy("s3:One"))["Policy"]["Arn"]
    iam.create_role(RoleName="gets-it", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="has-it")
    iam.attach_user_policy(UserName="has-it", PolicyArn=arn)
    page = console.open(f"/iam/policies/{quote(arn, safe='')}")
    expect(page.get_by_role("row").filter(has_text="has-it")).to_contain_text("User")
    page.get_by_role("button", name=re.compile("^Role to attach it to")).click()
    page.get_by_role("option", name="gets-it").click()
    press(page, "Attach")
    expect(page.get_by_text("given is attached to gets-it; it holds from now on.")).to_be_visible()
    assert iam.list_attached_role_policies(RoleName="gets-it")["AttachedPolicies"][0]["PolicyArn"] == arn
    press(page, "Detach from gets-it")
    page.get_by_role("dialog").get_by_role("button", name="Detach", exact=True).click()
    expect(page.get_by_text("given is detached from gets-it.")).to_be_visible()
    assert iam.list_attached_role_policies(RoleName="gets-it")["AttachedPolicies"] == []


def test_a_policy_that_is_gone_leads_back_to_the_list(console: Console) -> None:
    page = console.open("/iam/policies/arn%3Aaws%3Aiam%3A%3A000000000000%3Apolicy%2Fnone")
    expect(page.get_by_text("There is no such policy any more")).to_be_visible()
    page.get_by_role("link", name="To the list of policies").click()
    expect(page.get_by_role("heading", name="Policies", level=1)).to_be_visible()
