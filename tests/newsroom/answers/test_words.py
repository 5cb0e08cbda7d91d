import pytest

from newsroom.answers.words import terms


def test_stop_words_and_endings_go():
    assert list(terms("What did the labs release?")) == list(terms("lab released"))


def test_a_name_with_a_version_is_kept_whole():
    assert "r1" in terms("DeepSeek-R1") and "1" not in terms("DeepSeek-R1")
    assert {"gpt", "gpt5", "5"} <= set(terms("GPT-5"))
    assert "4o" in terms("GPT-4o")
    assert "671b" in terms("671B")


@pytest.mark.parametrize("written", ["1,000", "１０００", "١٠٠٠"])
def test_a_number_is_the_same_in_every_script(written: str):
    assert list(terms(written)) == ["1000"]


def test_chinese_is_read_in_pairs_of_characters_between_the_words_that_only_join():
    assert list(terms("模型的许可证")) == ["模型", "许可", "可证"]


def test_arabic_is_the_same_with_and_without_its_vowels():
    assert list(terms("أَطْلَقَت")) == list(terms("أطلقت"))


def test_words_of_india_stay_whole():
    assert list(terms("हिन्दी")) == ["हिन्दी"]
