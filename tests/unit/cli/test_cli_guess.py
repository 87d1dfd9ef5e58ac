"""What a folder wants to be, from its file names."""

import pytest

from lambdad.cli.errors import CommandError
from lambdad.cli.guess import function_name_of, handler_of, runtime_of

RUNNABLE = ["python3.9", "python3.10", "python3.12", "nodejs18.x", "nodejs20.x", "provided.al2023"]


@pytest.mark.parametrize(
    ("names", "runtime", "handler"),
    [
        ({"lambda_function.py"}, "python3.12", "lambda_function.lambda_handler"),
        ({"app.py", "tools.py"}, "python3.12", "app.handler"),
        ({"only.py", "requirements.txt"}, "python3.12", "only.lambda_handler"),
        ({"index.mjs"}, "nodejs20.x", "index.handler"),
        ({"package.json", "app.js"}, "nodejs20.x", "app.handler"),
        ({"index.js"}, "nodejs20.x", "index.handler"),
        ({"bootstrap", "helper.py"}, "provided.al2023", "bootstrap"),
    ],
)
def test_runtime_and_handler_follow_from_the_names(names, runtime, handler):
    assert runtime_of(names, RUNNABLE) == runtime
    assert handler_of(runtime, names) == handler


def test_a_host_without_interpreters_gets_a_current_runtime():
    assert runtime_of({"app.py"}, []) == "python3.13"
    assert runtime_of({"index.mjs"}, ["python3.12"]) == "nodejs22.x"


def test_the_newest_is_by_number_not_by_letter():
    assert runtime_of({"app.py"}, ["python3.9", "python3.10"]) == "python3.10"


@pytest.mark.parametrize("names", [set(), {"README.md"}, {"main.go"}])
def test_files_that_tell_nothing_are_an_error_with_what_to_do(names):
    with pytest.raises(CommandError, match="--runtime"):
        runtime_of(names, RUNNABLE)


def test_several_modules_of_no_known_name_need_a_handler():
    with pytest.raises(CommandError, match="--handler"):
        handler_of("python3.12", {"one.py", "two.py"})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("hello", "hello"),
        ("my app", "my-app"),
        ("hello.py", "hello"),
        ("code.v2.zip", "code-v2"),
        ("a" * 80, "a" * 64),
    ],
)
def test_a_name_is_made_valid(source, name):
    assert function_name_of(source) == name


def test_a_name_of_nothing_but_signs_is_refused():
    with pytest.raises(CommandError, match="--name"):
        function_name_of("...")
