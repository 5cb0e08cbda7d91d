import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsroom.answers.thinking import without_thinking


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Yes.", "Yes."),
        ("<think>hm</think>Yes.", "Yes."),
        ("<THINK>\nhm\n</Think>\n\nYes.\n", "Yes."),
        ("<think></think>Yes.", "Yes."),
        ("Yes.<think>or not", "Yes."),
        ("<think>hm", ""),
        ("hm</think>Yes.", "Yes."),
        ("<think>a<think>b</think>c</think>Yes.", "Yes."),
        ("<think>a</think>Yes, <reasoning>b</reasoning>indeed.", "Yes, indeed."),
        ("[THINK]hm[/THINK]Yes.", "Yes."),
        ("◁think▷hm◁/think▷Yes.", "Yes."),
        ('<thinking type="long">hm</thinking>Yes.', "Yes."),
        ("<|channel|>analysis<|message|>hm<|end|>", ""),
        ("<|channel|>final<|message|>Yes.<|return|>", "Yes."),
        ("Yes.<|im_end|>", "Yes."),
        ("Yes.</s>", "Yes."),
        ("<｜Assistant｜>Yes.", "Yes."),
        ("I think 1 < 2 and 3 > 2.", "I think 1 < 2 and 3 > 2."),
        ("<b>Yes.</b>", "<b>Yes.</b>"),
    ],
)
def test_thinking_is_left_out(said: str, shown: str):
    assert without_thinking(said) == shown


@given(st.text(), st.text())
def test_what_stands_before_the_end_of_thinking_is_never_shown(thought: str, said: str):
    assert without_thinking(f"<think>{thought}</think>{said}") == without_thinking(said) or "<" in thought + said


def test_a_long_text_of_beginnings_takes_no_longer_than_its_length():
    assert without_thinking("<think " * 100_000) == ("<think " * 100_000).strip()
