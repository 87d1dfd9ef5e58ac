"""Function output on a terminal: shown, never obeyed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from lambdad.cli.harmless import harmless, harmless_lines


def test_plain_text_and_tabs_stay_as_they_are():
    assert harmless("a\tb ü 日本") == "a\tb ü 日本"


def test_what_moves_the_cursor_or_sets_a_title_is_spelled_out():
    assert harmless("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07"
    assert harmless("\x9b2J\x7f") == "\\x9b2J\\x7f"


def test_colours_that_a_function_chose_are_left_out():
    assert harmless("\x1b[1;31mred\x1b[0m") == "red"


def test_text_that_runs_backwards_and_halves_of_characters_are_spelled_out():
    assert harmless("\u202edessap\ud800") == "\\u202edessap\\ud800"


def test_lines_end_at_every_kind_of_break_and_empty_ones_at_the_end_are_dropped():
    assert harmless_lines("a\r\nb\rc\n\n") == ["a", "b", "c"]
    assert harmless_lines("\n") == [""]


@given(st.text(st.characters(), max_size=200))
def test_nothing_that_a_terminal_obeys_is_left(text):
    kinds = {unicodedata.category(character) for character in harmless(text) if character != "\t"}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert "\x1b" not in harmless(text)
