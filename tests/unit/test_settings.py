"""Settings: where they come from, which wins, what is refused and in which words."""

from pathlib import Path

import pytest

from lambdad.settings import (
    AuthMode,
    Isolation,
    RequiredIsolation,
    ServiceEndpoint,
    Settings,
    SettingsError,
    load,
    validate,
)
from lambdad.settings.model import simple_settings


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "lambdad.toml"
        path.write_text(text)
        return path

    return write


POINT = "arn:aws:elasticfilesystem:eu-central-1:111111111111:access-point/fsap-000000000000000a"


def refused(options=None, environ=None, config=None):
    with pytest.raises(SettingsError) as caught:
        load(options or {}, environ or {}, config)
    return str(caught.value)


def test_defaults_listen_on_loopback_where_aws_tools_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load({}, {"HOME": "/home/me"})
    assert (settings.host, settings.port, settings.auth) == ("127.0.0.1", 4566, AuthMode.PERMISSIVE)
    assert settings.data_dir == Path("/home/me/.local/share/lambdad")
    assert settings.outbound is True
    assert settings.idle_environment_s == 600


def test_the_xdg_directory_wins_over_home():
    assert load({}, {"HOME": "/h", "XDG_DATA_HOME": "/x"}).data_dir == Path("/x/lambdad")


def test_a_relative_xdg_directory_is_ignored_as_its_specification_wants():
    assert load({}, {"HOME": "/h", "XDG_DATA_HOME": "x"}).data_dir == Path("/h/.local/share/lambdad")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(config):
    path = config("port = 1\ndrain_s = 1\nhost = '::1'\n")
    environ = {"LAMBDAD_PORT": "2", "LAMBDAD_DRAIN_S": "2"}
    settings = load({"port": "3"}, environ, path)
    assert (settings.port, settings.drain_s, settings.host) == (3, 2.0, "::1")


def test_the_file_of_the_working_directory_is_read_when_there_is_one(config, monkeypatch):
    monkeypatch.chdir(config("port = 7\n").parent)
    assert load({}, {}).port == 7


def test_another_file_can_be_named_by_a_variable(config):
    assert load({}, {"LAMBDAD_CONFIG": str(config("port = 8\n"))}).port == 8


def test_a_named_file_must_exist(tmp_path):
    assert refused(config=tmp_path / "none.toml") == f"{tmp_path}/none.toml: no such file"


def test_a_file_that_is_not_toml_is_named(config):
    path = config("port = \n")
    assert refused(config=path).startswith(f"{path}: not TOML: ")


def test_memory_means_that_nothing_is_kept():
    assert load({"data_dir": ":memory:"}, {}).data_dir is None


def test_paths_are_absolute_from_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load({"data_dir": "here"}, {}).data_dir == tmp_path / "here"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LAMBDAD_PRT": "1"}, "LAMBDAD_PRT is not a setting; the settings are host, port, "),
        ({"LAMBDAD_PORT": "x"}, "LAMBDAD_PORT must be a whole number, not 'x'"),
        ({"LAMBDAD_ACCOUNT_CONCURRENCY": "0"}, "account_concurrency = 0 is refused: it is from 1 to 1000000"),
        ({"LAMBDAD_ACCOUNT_CONCURRENCY": "1000001"}, "account_concurrency = 1000001 is refused"),
        ({"LAMBDAD_PORT": "70000"}, "port = 70000 is refused: ports end at 65535"),
        ({"LAMBDAD_PORT": "-1"}, "LAMBDAD_PORT must be a whole number, not '-1'"),
        ({"LAMBDAD_OUTBOUND": "maybe"}, "LAMBDAD_OUTBOUND must be true or false, not 'maybe'"),
        ({"LAMBDAD_DRAIN_S": "soon"}, "LAMBDAD_DRAIN_S must be a number of seconds, not 'soon'"),
        ({"LAMBDAD_AUTH": "none"}, "LAMBDAD_AUTH must be one of permissive, enforce, not 'none'"),
        ({"LAMBDAD_HOST": "0.0.0.0"}, "host = 0.0.0.0 is refused: with auth = permissive anybody"),
        ({"LAMBDAD_SIGNATURE_SKEW_S": "0"}, "signature_skew_s = 0 is refused: clocks differ"),
        ({"LAMBDAD_HOST": "::"}, "host = :: is refused"),
        ({"LAMBDAD_HOST": "myhost"}, "host = myhost is refused"),
        ({"LAMBDAD_HOST": ""}, "LAMBDAD_HOST must be a text, not ''"),
        ({"LAMBDAD_TLS_CERT": __file__}, "tls_cert and tls_key are refused one without the other"),
        ({"LAMBDAD_MAX_ENVIRONMENTS": "0"}, "max_environments = 0 is refused"),
        (
            {"LAMBDAD_POOL_MEMORY_MIB": "0"},
            "pool_memory_mib = 0 is refused: nothing could wait; pools = false",
        ),
        ({"LAMBDAD_POOLS": "few"}, "LAMBDAD_POOLS must be true or false, not 'few'"),
        ({"LAMBDAD_DEFAULT_REGION": "mars"}, "default_region = mars is refused"),
        ({"LAMBDAD_CORS_ORIGINS": "*"}, "cors_origins: * is refused: an origin is scheme://host[:port]"),
        ({"LAMBDAD_SERVICES_S3_ENDPOINT": "s3"}, "services.s3.endpoint must be a URL without a path"),
        ({"LAMBDAD_SERVICES_S3_REGION": "x"}, "services.s3.endpoint must be a text, not None"),
        ({"LAMBDAD_SERVICES_LAMBDA_ENDPOINT": "http://x"}, "services.lambda is refused: lambdad answers"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place_and_reason(environ, said):
    message = refused(environ=environ)
    assert message.startswith(said)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prt = 1", "prt is not a setting"),
        ("port = '4566x'", "port must be a whole number"),
        ("port = true", "port must be a whole number, not True"),
        ("outbound = 1", "outbound must be true or false, not 1"),
        ("drain_s = -1", "drain_s must be a number of seconds, not -1"),
        ("cors_origins = [1]", "cors_origins must be a list of texts"),
        ("services = 1", "services is not a setting"),
        ("services.s3 = 'x'", "services.s3 must be a table"),
        ("services.s3 = { endpoint = 'http://x', colour = 'red' }", "services.s3.colour is not known"),
        ("services.s3 = { endpoint = 'http://x', verify = 'no way' }", "services.s3.verify must be true"),
        ("services.s3 = { endpoint = 'http://x', credentials = 'a' }", "services.s3.credentials must be"),
        ("file_systems = 1", "file_systems must be a table of at most 100 access points"),
        ("[file_systems]\nx = '/srv'", "file_systems: 'x' is no ARN of an access point of Amazon EFS"),
        (f"[file_systems]\n'{POINT}0' = 1", "must be a text, not 1"),
        (f"[file_systems]\n'{POINT}0' = 'srv'", "must be an absolute path, not 'srv'"),
        (f"[file_systems]\n'{POINT}0' = '/srv/a'\n'{POINT}1' = '/srv/a/b'", "/srv/a and /srv/a/b lie in one"),
        (f"[file_systems]\n'{POINT}0' = '/'\n'{POINT}1' = '/srv'", "lie in one another"),
        ("vpcs = 1", "vpcs must be a table of at most 100 VPCs"),
        ("vpcs.mine = {}", "vpcs.mine must be a table [vpcs.vpc-…]"),
        ("vpcs.vpc-1 = 1", "vpcs.vpc-1 must be a table [vpcs.vpc-…]"),
        ("vpcs.vpc-1.cidr = '10/8'", "vpcs.vpc-1.cidr is not known"),
        ("vpcs.vpc-1.subnets = ['sg-1']", "vpcs.vpc-1.subnets: 'sg-1' is no id of the form subnet-"),
        ("vpcs.vpc-1.security_groups = [1]", "vpcs.vpc-1.security_groups must be a list of texts"),
        ("vpcs.vpc-1.subnets = ['subnet-1']\nvpcs.vpc-2.subnets = ['subnet-1']", "subnet-1 is in two VPCs"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(config, text, said):
    message = refused(config=config(text))
    assert said in message
    assert "\n" not in message


def test_every_problem_is_told_on_a_line_of_its_own():
    assert len(refused({"host": "0.0.0.0", "port": 70_000}).splitlines()) == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "myhost"])
def test_any_address_may_be_listened_on_when_callers_must_be_known(host):
    settings = load({"host": host, "auth": "enforce"}, {})
    assert (settings.host, settings.auth) == (host, AuthMode.ENFORCE)


def test_an_option_that_is_no_setting_is_refused():
    assert refused({"color": "red"}) == "--color is not an option of lambdad serve"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_every_loopback_address_may_be_listened_on(host):
    assert load({"host": host}, {}).host == host


def test_certificate_files_must_exist(tmp_path):
    cert = tmp_path / "cert.pem"
    cert.write_text("")
    said = refused({"tls_cert": str(cert), "tls_key": str(tmp_path / "key.pem")})
    assert said == f"tls_key = {tmp_path}/key.pem is refused: no such file"


def test_services_come_from_the_file_and_single_members_from_the_environment(config):
    path = config(
        "[services.s3]\nendpoint = 'https://s3.example/'\n"
        "credentials = 'AKID:secret:to:ken'\nregion = 'eu-west-1'\n"
    )
    found = load(
        {}, {"LAMBDAD_SERVICES_S3_VERIFY": "no", "LAMBDAD_SERVICES_SQS_ENDPOINT": "http://q:1"}, path
    )
    s3, sqs = found.services["s3"], found.services["sqs"]
    assert (s3.endpoint, s3.region, s3.verify) == ("https://s3.example", "eu-west-1", False)
    assert s3.credentials is not None
    assert (s3.credentials.access_key, s3.credentials.session_token) == ("AKID", "to:ken")
    assert sqs == ServiceEndpoint("http://q:1")


def test_credentials_may_come_from_the_servers_environment():
    environ = {
        "LAMBDAD_SERVICES_S3_ENDPOINT": "http://x",
        "LAMBDAD_SERVICES_S3_CREDENTIALS": "environment",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "B",
    }
    keys = load({}, environ).services["s3"].credentials
    assert keys is not None
    assert (keys.access_key, keys.secret_key, keys.session_token) == ("A", "B", None)
    del environ["AWS_SECRET_ACCESS_KEY"]
    assert "AWS_SECRET_ACCESS_KEY is not set" in refused(environ=environ)


def test_secrets_appear_neither_in_a_repr_nor_in_an_error(config):
    path = config("[services.s3]\nendpoint = 'http://x'\ncredentials = 'AKID:hush:hush'\n")
    assert "hush" not in repr(load({}, {}, path))
    assert "hush" not in refused(
        config=config("services.s3 = { endpoint = 'http://x', credentials = 'hush' }")
    )


def test_variables_of_the_command_line_and_of_tests_are_left_alone():
    load({}, {"LAMBDAD_ENDPOINT": "http://x", "LAMBDAD_TEST_ANYTHING": "1"})


def test_every_default_is_one_a_server_can_run_with():
    assert validate(Settings()) == []


@pytest.mark.parametrize("required", ["namespace", "microvm"])
def test_giving_up_isolation_is_refused_where_it_is_required(required):
    with pytest.raises(
        SettingsError, match=f"isolation = process is refused: require_isolation = {required}"
    ):
        load({"isolation": "process", "require_isolation": required}, {})
    assert (
        load({"isolation": "namespace", "require_isolation": required}, {}).isolation is Isolation.NAMESPACE
    )


def test_every_setting_can_come_from_each_place(config):
    values = {
        "host": "::1", "port": 1, "data_dir": "/d", "auth": "permissive", "require_isolation": "process",
        "isolation": "process",
        "outbound": False, "block_public_policies": True, "cors_origins": ["http://a"], "allowed_hosts": ["b"], "log_level": "debug",
        "log_format": "json", "idle_environment_s": 1.5, "max_environments": 2, "account_concurrency": 5_000, "memory_ceiling_mib": 900, "default_region": "eu-west-1",
        "drain_s": 3, "max_environment_age_s": 60.0, "freeze": False, "pools": False, "pool_memory_mib": 64,
        "function_url_domain": "on.aws", "key_command": "vault read key", "signature_skew_s": 60.0,
        "neighbours": "none", "companion_dir": "/c",
    }  # fmt: skip
    assert set(values) | {"tls_cert", "tls_key"} == set(simple_settings())

    def toml(value):
        return str(value).lower() if isinstance(value, bool) else repr(value)

    def word(value):
        return ",".join(value) if isinstance(value, list) else str(value)

    from_file = load({}, {}, config("".join(f"{key} = {toml(value)}\n" for key, value in values.items())))
    from_environment = load({}, {f"LAMBDAD_{key.upper()}": word(value) for key, value in values.items()})
    from_options = load({key: word(value) for key, value in values.items()}, {})
    assert from_file == from_environment == from_options
    assert from_file.require_isolation is RequiredIsolation.PROCESS


def test_without_pools_their_memory_may_be_anything():
    assert load({"pools": "false", "pool_memory_mib": "0"}, {}).pools is False


def test_subnets_and_security_groups_exist_when_the_file_lists_them(config):
    found = load({}, {}, config("[vpcs.vpc-1]\nsubnets = ['subnet-1']\nsecurity_groups = ['sg-1', 'sg-2']\n"))
    assert found.vpcs["vpc-1"].subnets == ("subnet-1",)
    assert found.vpcs["vpc-1"].security_groups == ("sg-1", "sg-2")


def test_vpcs_are_no_variable():
    assert "LAMBDAD_VPCS is not a setting" in refused({}, {"LAMBDAD_VPCS": "vpc-1"})


def test_directories_stand_for_access_points_with_links_followed(config, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    text = f"[file_systems]\n'{POINT}0' = '{tmp_path}/link'\n'{POINT}1' = '{tmp_path}/real'\n"
    found = load({}, {"HOME": "/home/me"}, config(text)).file_systems
    assert found == {f"{POINT}0": tmp_path / "real", f"{POINT}1": tmp_path / "real"}


@pytest.mark.parametrize("directory", ["", "/shared", "/.."])
def test_functions_cannot_come_by_the_data_directory(config, tmp_path, directory):
    data = tmp_path / "data"
    data.mkdir()
    text = f"[file_systems]\n'{POINT}0' = '{data}{directory}'\n"
    assert "lie in one another" in refused({"data_dir": str(data)}, {}, config(text))
