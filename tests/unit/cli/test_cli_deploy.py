"""`lambdad deploy` against a server that answers as lambdad would."""

import base64
import io
import zipfile

import pytest

from lambdad.cli import deploy as deploying
from lambdad.cli.errors import CommandError


def source(tmp_path, **files):
    folder = tmp_path / "greeter"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def sent_archive(fake):
    code = fake.asked("POST", "/functions")[0].document["Code"]["ZipFile"]
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(code)))


def test_creates_a_function_named_after_its_folder(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="def handler(event, context): ...")
    ran = lambdad("deploy", str(folder), "--runtime", "python3.12")
    assert ran.status == 0
    created = fake.asked("POST", "/functions")[0].document
    assert created["FunctionName"] == "greeter"
    assert (created["Runtime"], created["Handler"]) == ("python3.12", "app.handler")
    assert created["Role"].startswith("arn:aws:iam::000000000000:role/")
    assert sent_archive(fake).namelist() == ["app.py"]
    assert "lambdad invoke greeter" in ran.out


def test_sends_what_the_options_say(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="")
    role = "arn:aws:iam::111122223333:role/mine"
    options = ["--name", "n", "--runtime", "python3.11", "--handler", "app.go", "--memory", "512"]
    options += ["--timeout", "9", "-e", "A=1", "-e", "B=x=y", "--role", role, "--architecture", "arm64"]
    assert lambdad("deploy", str(folder), *options).status == 0
    created = fake.functions["n"]
    assert created["MemorySize"] == 512
    assert created["Timeout"] == 9
    assert created["Environment"] == {"Variables": {"A": "1", "B": "x=y"}}
    assert (created["Handler"], created["Role"], created["Architectures"]) == ("app.go", role, ["arm64"])


def test_a_second_deploy_of_the_same_code_changes_nothing(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="x = 1")
    lambdad("deploy", str(folder), "--runtime", "python3.12")
    fake.seen.clear()
    ran = lambdad("deploy", str(folder))
    assert ran.status == 0
    assert {one.method for one in fake.seen} == {"GET"}


def test_layers_are_sent_in_order_and_again_only_when_they_differ(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="x = 1")
    arns = [f"arn:aws:lambda:us-east-1:000000000000:layer:{name}:1" for name in "ba"]
    options = [part for arn in arns for part in ("--layer", arn)]
    assert lambdad("deploy", str(folder), "--runtime", "python3.12", *options).status == 0
    assert fake.asked("POST", "/functions")[0].document["Layers"] == arns
    fake.functions["greeter"]["Layers"] = [{"Arn": arn, "CodeSize": 1} for arn in arns]
    for again, expected in ((options, []), ([], []), (options[:2], [arns[:1]])):
        fake.seen.clear()
        assert lambdad("deploy", str(folder), *again).status == 0
        sent = [one.document["Layers"] for one in fake.seen if one.method == "PUT"]
        assert sent == expected


def test_changed_code_is_uploaded_and_the_configuration_left_alone(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="x = 1")
    lambdad("deploy", str(folder), "--runtime", "python3.12", "--memory", "256")
    (folder / "app.py").write_text("x = 2")
    fake.seen.clear()
    assert lambdad("deploy", str(folder)).out.startswith("updated greeter")
    assert len(fake.asked("PUT", "/code")) == 1
    assert fake.asked("PUT", "/configuration") == []
    assert fake.functions["greeter"]["MemorySize"] == 256


def test_changed_options_update_the_configuration_and_not_the_code(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="x = 1")
    lambdad("deploy", str(folder), "--runtime", "python3.12", "--memory", "256")
    fake.seen.clear()
    assert lambdad("deploy", str(folder), "--memory", "512", "--timeout", "20").status == 0
    assert fake.asked("PUT", "/code") == []
    assert fake.asked("PUT", "/configuration")[0].document == {"MemorySize": 512, "Timeout": 20}


def test_waits_until_the_function_is_active(fake, lambdad, tmp_path):
    folder = source(tmp_path, app__py="")
    fake.functions["greeter"] = {"State": "Active", "CodeSha256": "other", "Runtime": "python3.12"}
    fake.pending_polls = 3
    ran = lambdad("deploy", str(folder), "--json")
    assert ran.status == 0
    assert ran.document["State"] == "Active"


def test_says_why_a_function_failed(fake, lambdad, tmp_path):
    fake.failure = "The image is broken."
    ran = lambdad("deploy", str(source(tmp_path, app__py="")), "--runtime", "python3.12")
    assert (ran.status, ran.err) == (1, "lambdad: greeter failed: The image is broken.\n")


def test_gives_up_on_a_function_that_stays_pending(fake):
    fake.functions["f"] = {"State": "Pending"}
    times = iter([0.0, 60.0, 121.0])
    with (
        deploying.client_for(fake.endpoint) as client,
        pytest.raises(CommandError, match="still Pending after 120 s"),
    ):
        deploying.settled(client, "f", clock=lambda: next(times), sleep=lambda _: None)


def test_a_zip_is_sent_as_it_is(fake, lambdad, tmp_path):
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.mjs", "export const handler = () => 1")
    assert lambdad("deploy", str(path), "--runtime", "nodejs20.x").status == 0
    sent = fake.asked("POST", "/functions")[0].document
    assert base64.b64decode(sent["Code"]["ZipFile"]) == path.read_bytes()
    assert (sent["FunctionName"], sent["Handler"]) == ("code", "index.handler")


def test_a_single_file_is_a_function(fake, lambdad, tmp_path):
    (tmp_path / "hello.py").write_text("def lambda_handler(event, context): ...")
    assert lambdad("deploy", str(tmp_path / "hello.py"), "-r", "python3.12").status == 0
    assert sent_archive(fake).namelist() == ["hello.py"]
    assert fake.functions["hello"]["Handler"] == "hello.lambda_handler"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere"], "/nowhere: no such file or directory"),
        (["{folder}", "-e", "NOVALUE"], "--env NOVALUE: write it as NAME=value"),
        (["{broken}"], "no zip archive"),
    ],
)
def test_wrong_input_is_one_line_before_anything_is_created(fake, lambdad, tmp_path, arguments, said):
    folder = source(tmp_path, app__py="")
    (tmp_path / "broken.zip").write_bytes(b"not a zip")
    filled = [one.format(folder=folder, broken=tmp_path / "broken.zip") for one in arguments]
    ran = lambdad("deploy", *filled)
    assert ran.status in {1, 2}
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert fake.functions == {}


def test_an_archive_lambda_would_refuse_is_refused_here(fake, lambdad, tmp_path, monkeypatch):
    monkeypatch.setattr(deploying, "MAX_ZIPPED_BYTES", 10)
    ran = lambdad("deploy", str(source(tmp_path, app__py="")), "--runtime", "python3.12")
    assert ran.status == 1
    assert "put it into S3" in ran.err
    assert fake.functions == {}
