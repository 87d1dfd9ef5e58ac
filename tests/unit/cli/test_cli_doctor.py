"""What `lambdad doctor` concludes from what it found."""

import json
import os
import socket
from dataclasses import replace

import pytest

from lambdad.cli import checks, doctor
from lambdad.cli.checks import Check, Verdict
from lambdad.settings import AuthMode, RequiredIsolation, ServiceEndpoint, Settings
from lambdad.settings.network import VpcNames
from lambdad.worker.runtimes.launch import RuntimeStatus
from lambdad.worker.sandbox.plan import Finding, Tier

NONE = RequiredIsolation.NONE


@pytest.mark.parametrize(
    ("tier", "required", "verdict"),
    [
        (Tier.NAMESPACE, "none", Verdict.GOOD),
        (Tier.NAMESPACE, "namespace", Verdict.GOOD),
        (Tier.NAMESPACE, "process", Verdict.GOOD),
        (Tier.NAMESPACE, "microvm", Verdict.MISSING),
        (Tier.PROCESS, "none", Verdict.WEAK),
        (Tier.PROCESS, "process", Verdict.WEAK),
        (Tier.PROCESS, "namespace", Verdict.MISSING),
        (None, "none", Verdict.MISSING),
    ],
)
def test_isolation_is_held_against_what_is_required(tier, required, verdict):
    check = checks.isolation(tier, RequiredIsolation(required))
    assert check.verdict is verdict
    assert (check.remedy is None) == (verdict is Verdict.GOOD)


def test_the_process_tier_is_said_loudly():
    assert "run only code you trust" in checks.isolation(Tier.PROCESS, NONE).detail


def test_a_process_tier_that_was_chosen_is_weak_and_undone_by_the_setting():
    check = checks.isolation(Tier.PROCESS, NONE, by_choice=True)
    assert (check.verdict, check.remedy) == (Verdict.WEAK, "leave the setting isolation at auto")


def test_findings_keep_their_remedies():
    missing = Finding("memory limit", False, "no cgroup", "delegate one")
    found = checks.features([missing, Finding("x", True, "")])
    assert found == [
        Check("memory limit", Verdict.WEAK, "no cgroup", "delegate one"),
        Check("x", Verdict.GOOD, ""),
    ]


def test_a_missing_interpreter_names_the_command_that_gets_it():
    remedy = "lambdad runtimes install python3.14"
    found = checks.interpreters([RuntimeStatus("python3.14", None, None, remedy)])
    assert found == [Check("python3.14", Verdict.WEAK, "no interpreter", remedy)]


def test_the_descriptor_limit_is_held_against_the_environments():
    settings = Settings(max_environments=100)
    assert checks.descriptors(settings, 1_000_000).verdict is Verdict.GOOD
    short = checks.descriptors(settings, 1_024)
    assert short.verdict is Verdict.WEAK
    assert "ulimit -Hn 1936" in str(short.remedy)


def test_a_full_disk_is_said(tmp_path):
    assert checks.disk(tmp_path, 10).verdict is Verdict.WEAK
    assert checks.disk(None, 2**40).detail.startswith("memory only: ")


def test_free_space_is_that_of_the_nearest_directory_that_exists(tmp_path):
    assert checks.free_bytes(tmp_path / "not" / "yet") > 0


def test_a_port_in_use_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = Settings(port=taken.getsockname()[1])
        assert checks.port(busy).verdict is Verdict.WEAK
    assert checks.port(Settings(port=0)).verdict is Verdict.GOOD


def test_subnets_that_are_only_names_are_said():
    assert checks.networks(Settings()) == []
    settings = Settings(vpcs={"vpc-1": VpcNames(("subnet-1", "subnet-2"), ("sg-1",))})
    (check,) = checks.networks(settings)
    assert check.verdict is Verdict.WEAK
    assert "2 subnets exist" in check.detail
    assert doctor.effective(settings)["vpcs"] == "vpc-1"


def test_directories_of_file_systems_are_looked_at(tmp_path):
    arn = "arn:aws:elasticfilesystem:eu-central-1:111111111111:access-point/fsap-00000000000000000"
    (missing,) = checks.file_systems(Settings(file_systems={arn: tmp_path / "missing"}))
    assert missing.verdict is Verdict.WEAK
    assert "No such file or directory" in missing.detail
    settings = Settings(file_systems={arn: tmp_path})
    os.chown(tmp_path, os.geteuid() or 1_000, os.getegid() or 1_000)
    (fit,) = checks.file_systems(settings)
    assert fit.verdict is Verdict.GOOD
    assert doctor.effective(settings)["file_systems"] == f"{arn} → {tmp_path}"


def test_the_effective_settings_are_shown_without_secrets(tmp_path):
    from lambdad.settings import AwsKeys

    where = ServiceEndpoint("http://s3.example", AwsKeys("AKID", "hush"))
    shown = doctor.effective(replace(Settings(data_dir=None), services={"s3": where}))
    assert shown["data_dir"] == ":memory:"
    assert shown["services"] == "s3 → http://s3.example"
    assert "hush" not in json.dumps(shown)


@pytest.fixture
def found(monkeypatch):
    checks_found = [Check("isolation", Verdict.GOOD, "namespace")]
    monkeypatch.setattr(doctor, "examine", lambda settings: checks_found)
    return checks_found


def test_doctor_exits_with_0_when_nothing_required_is_missing(found, lambdad):
    found.append(Check("nodejs24.x", Verdict.WEAK, "no interpreter", "lambdad runtimes install nodejs24.x"))
    ran = lambdad("doctor")
    assert ran.status == 0
    assert "do: lambdad runtimes install nodejs24.x" in ran.out


def test_doctor_exits_with_1_when_something_required_is_missing(found, lambdad):
    found.append(Check("isolation", Verdict.MISSING, "no user namespaces", "enable them"))
    assert lambdad("doctor").status == 1


def test_doctor_json_has_checks_and_settings(found, lambdad, monkeypatch):
    monkeypatch.setenv("LAMBDAD_PORT", "4567")
    ran = lambdad("doctor", "--json")
    assert ran.document["checks"][0] == {
        "what": "isolation",
        "verdict": "good",
        "detail": "namespace",
        "remedy": None,
    }
    assert ran.document["settings"]["port"] == "4567"


def test_doctor_reports_settings_that_cannot_be_used(lambdad, monkeypatch):
    monkeypatch.setenv("LAMBDAD_HOST", "0.0.0.0")
    ran = lambdad("doctor", "--json")
    assert ran.status == 1
    assert "0.0.0.0 is refused" in ran.document["checks"][0]["detail"]


def test_doctor_marks_what_was_set(found, lambdad, monkeypatch):
    monkeypatch.setenv("LAMBDAD_DRAIN_S", "7")
    lines = {line.split()[0]: line for line in lambdad("doctor").out.splitlines() if line.strip()}
    assert lines["drain_s"].endswith("(set)")
    assert not lines["port"].endswith("(set)")


def test_names_of_function_urls_that_resolve_are_good():
    asked = []
    check = checks.function_urls(Settings(), lambda name: not asked.append(name))
    assert (check.verdict, check.remedy) == (Verdict.GOOD, None)
    assert asked == ["doctor.lambda-url.us-east-1.localhost"]


@pytest.mark.parametrize(
    ("domain", "name", "remedy"),
    [
        (None, "us-east-1.localhost", "nss-myhostname"),
        ("https://on.aws:444", "us-east-1.on.aws", "*.on.aws"),
    ],
)
def test_names_of_function_urls_that_do_not_are_weak(domain, name, remedy):
    check = checks.function_urls(Settings(function_url_domain=domain), lambda _: False)
    assert check.verdict is Verdict.WEAK
    assert name in check.detail
    assert remedy in check.remedy
    assert ("/lambdad/v1/url/" in check.detail) is (domain is None)


def test_a_name_that_is_none_does_not_resolve():
    assert not checks.resolves("x" * 70 + ".localhost")


@pytest.mark.parametrize(
    ("auth", "host", "tls", "verdict"),
    [
        (AuthMode.PERMISSIVE, "127.0.0.1", None, Verdict.GOOD),
        (AuthMode.ENFORCE, "127.0.0.1", None, Verdict.GOOD),
        (AuthMode.ENFORCE, "192.0.2.1", "/cert.pem", Verdict.GOOD),
        (AuthMode.ENFORCE, "192.0.2.1", None, Verdict.WEAK),
    ],
)
def test_signed_requests_that_others_can_read_are_told(auth, host, tls, verdict):
    check = checks.callers(Settings(auth=auth, host=host, tls_cert=tls))
    assert check.verdict is verdict
    assert auth.value in check.detail
    assert bool(check.remedy) == (verdict is Verdict.WEAK)
