import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from newsroom.errors import BadSetting
from newsroom.settings import ModelAccess, Settings, read_settings, token_of

ROOT = Path(__file__).parents[2]
NAMES = {name.upper() for name in Settings.model_fields}
TOKEN = "MTIz.not-a-real.token"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A working folder without .env and an environment without our variables."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_the_names_are_a_contract():
    assert {
        "DISCORD_TOKEN",
        "DATABASE_URL",
        "DISCORD_API_URL",
        "FEED_INTERVAL_MINUTES",
        "FEED_CONTACT",
        "FEED_ALLOW_HOSTS",
        "FEED_HEADERS",
        *(f"LLM_{role}{name}" for role in ("", "OPEN_", "PROPRIETARY_") for name in ("BASE_URL", "API_KEY", "MODEL")),
        "LLM_CONTEXT_TOKENS",
        "LLM_MAX_OUTPUT_TOKENS",
        "LLM_TIMEOUT_SECONDS",
        "LLM_CONCURRENCY",
        "LLM_PRICE_IN",
        "LLM_PRICE_OUT",
        "LLM_MEMBER_HOUR",
        "LLM_SERVER_DAY",
        "LLM_DAILY_TOKENS",
        "LLM_DAILY_MONEY",
        "LOG_LEVEL",
        "LOG_FORMAT",
    } == NAMES


def test_all_but_the_token_has_a_default():
    settings = read_settings()
    assert settings.discord_token is None
    assert settings.database_url == "sqlite:///data/popcorn.db"
    assert settings.discord_api_url == "https://discord.com/api/v10"
    assert settings.feed_interval_minutes == 10
    assert settings.feed_contact is None
    assert settings.feed_allow_hosts == ()
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_the_environment_beats_the_file_and_an_override_beats_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\nFEED_INTERVAL_MINUTES=3\nLOG_FORMAT=json\n")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("FEED_INTERVAL_MINUTES", "4")
    settings = read_settings(feed_interval_minutes=5)
    assert (settings.log_format, settings.log_level, settings.feed_interval_minutes) == ("json", "WARNING", 5)


def test_the_file_can_be_left_out(tmp_path: Path):
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\n")
    assert read_settings(env_file=None).log_level == "INFO"


@pytest.mark.parametrize("blank", ["", "   "])
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, blank: str):
    settings = read(monkeypatch, **{name: blank for name in NAMES})
    assert settings == read_settings(env_file=None)
    assert settings.discord_token is None
    assert settings.feed_interval_minutes == 10


def test_an_empty_variable_leaves_the_file_its_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\n")
    assert read(monkeypatch, LOG_LEVEL="").log_level == "ERROR"


def test_a_file_with_other_programs_variables_and_a_byte_order_mark_is_fine(tmp_path: Path):
    (tmp_path / ".env").write_text("\ufeffLOG_LEVEL=ERROR\nAWS_REGION=eu\nDISCORD_OTHER=1\n", encoding="utf-8")
    assert read_settings().log_level == "ERROR"


def test_a_file_in_another_encoding_is_told_in_one_line(tmp_path: Path):
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\n", encoding="utf-16")
    with pytest.raises(BadSetting, match=r"^\.env: is not a text file in UTF-8"):
        read_settings()


def test_a_folder_in_the_files_place_is_told_in_one_line(tmp_path: Path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(BadSetting, match=r"^\.env: is a folder"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "read_as"),
    [
        ("DATABASE_URL", "postgres://u:p@h/d", "postgres://u:p@h/d"),
        ("DATABASE_URL", "PostgreSQL:///d?host=/tmp/socket", "postgresql:///d?host=/tmp/socket"),
        ("DATABASE_URL", "sqlite:////var/lib/popcorn.db", "sqlite:////var/lib/popcorn.db"),
        ("DISCORD_API_URL", "http://127.0.0.1:8400/api/v10", "http://127.0.0.1:8400/api/v10"),
        ("DISCORD_API_URL", "http://127.0.0.1:8400/api/v10/", "http://127.0.0.1:8400/api/v10"),
        ("DISCORD_API_URL", "http://[::1]:8400/v10", "http://[::1]:8400/v10"),
        ("FEED_INTERVAL_MINUTES", "0.05", 0.05),
        ("FEED_INTERVAL_MINUTES", "10080", 10080),
        ("FEED_CONTACT", "news@lab.example", "news@lab.example"),
        ("FEED_CONTACT", "https://lab.example/popcorn", "https://lab.example/popcorn"),
        ("FEED_ALLOW_HOSTS", "news.lan", ("news.lan",)),
        ("FEED_ALLOW_HOSTS", " News.LAN:8080 , [::1]:9,10.0.0.5,", ("news.lan:8080", "[::1]:9", "10.0.0.5")),
        ("FEED_HEADERS", '{"News.Example": {"User-Agent": "x"}}', {"news.example": {"User-Agent": "x"}}),
        ("FEED_HEADERS", '{"https://a.example/F?x=1": {"X-Key": "k"}}', {"https://a.example/F?x=1": {"X-Key": "k"}}),
        ("LLM_TIMEOUT_SECONDS", "0.5", 0.5),
        ("LLM_PRICE_IN", "0.28", 0.28),
        ("LLM_DAILY_TOKENS", "5000", 5000),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_FORMAT", "JSON", "json"),
    ],
)
def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch, name: str, value: str, read_as: object):
    assert getattr(read(monkeypatch, **{name: value}), name.lower()) == read_as


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://popcorn:SECRET@host/name"),
        ("DATABASE_URL", "data/popcorn.db"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite://data/popcorn.db"),
        ("DISCORD_API_URL", "https://discord.com"),
        ("DISCORD_API_URL", "https://discord.com/api"),
        ("DISCORD_API_URL", "https://user:SECRET@discord.com/api/v10"),
        ("DISCORD_API_URL", "wss://discord.com/api/v10"),
        ("DISCORD_API_URL", "https://discord.com/api/v10?x=1"),
        ("DISCORD_API_URL", "http://127.0.0.1:99999/api/v10"),
        ("DISCORD_API_URL", "http://127.0.0.1:port/api/v10"),
        ("DISCORD_API_URL", "http://127.0.0.1:0/api/v10"),
        ("DISCORD_API_URL", "http://:8400/api/v10"),
        ("DISCORD_API_URL", "http://[::1/api/v10"),
        ("FEED_INTERVAL_MINUTES", "0"),
        ("FEED_INTERVAL_MINUTES", "-1"),
        ("FEED_INTERVAL_MINUTES", "nan"),
        ("FEED_INTERVAL_MINUTES", "inf"),
        ("FEED_INTERVAL_MINUTES", "10081"),
        ("FEED_INTERVAL_MINUTES", "ten SECRET"),
        ("FEED_CONTACT", "SECRET"),
        ("FEED_CONTACT", "a@b.example\r\nX-Header: SECRET"),
        ("FEED_CONTACT", "a@b.example " + "SECRET" * 50),
        ("FEED_ALLOW_HOSTS", "http://news.lan"),
        ("FEED_ALLOW_HOSTS", "news.lan:0"),
        ("FEED_ALLOW_HOSTS", "news.lan:70000"),
        ("FEED_ALLOW_HOSTS", "::1"),
        ("FEED_ALLOW_HOSTS", "[SECRET]"),
        ("FEED_ALLOW_HOSTS", '["a", "b"]'),
        ("FEED_HEADERS", "SECRET"),
        ("FEED_HEADERS", '["SECRET"]'),
        ("FEED_HEADERS", '{"news.example": "SECRET"}'),
        ("FEED_HEADERS", '{"news.example": {}}'),
        ("FEED_HEADERS", '{"ftp://news.example/": {"X-Key": "SECRET"}}'),
        ("FEED_HEADERS", '{"news.example": {"Host": "SECRET"}}'),
        ("FEED_HEADERS", '{"news.example": {"X-Key": "SECRET\\r\\nX-Other: 1"}}'),
        ("FEED_HEADERS", '{"news.example": {"X Key": "SECRET"}}'),
        ("FEED_HEADERS", '{"news.example": {"X-Key": 7}}'),
        ("FEED_HEADERS", '{"news.example/feed": {"X-Key": "SECRET"}}'),
        ("LLM_BASE_URL", "SECRET"),
        ("LLM_BASE_URL", "ftp://SECRET.example/v1"),
        ("LLM_BASE_URL", "https://user:SECRET@models.example/v1"),
        ("LLM_BASE_URL", "https://models.example/v1?key=SECRET"),
        ("LLM_BASE_URL", "http://127.0.0.1:99999/v1"),
        ("LLM_API_KEY", "two SECRETS"),
        ("LLM_API_KEY", "SECRET\r\nX-Other: 1"),
        ("LLM_API_KEY", "SECRÉT"),
        ("LLM_MODEL", "a SECRET"),
        ("LLM_OPEN_BASE_URL", "SECRET"),
        ("LLM_PROPRIETARY_API_KEY", "a SECRET"),
        ("LLM_CONTEXT_TOKENS", "SECRET"),
        ("LLM_CONTEXT_TOKENS", "1087"),
        ("LLM_MAX_OUTPUT_TOKENS", "0"),
        ("LLM_TIMEOUT_SECONDS", "nan"),
        ("LLM_TIMEOUT_SECONDS", "401"),
        ("LLM_CONCURRENCY", "0"),
        ("LLM_PRICE_IN", "-1"),
        ("LLM_PRICE_OUT", "nan"),
        ("LLM_DAILY_TOKENS", "0"),
        ("LLM_MEMBER_HOUR", "0"),
        ("LLM_DAILY_MONEY", "inf"),
        ("LOG_LEVEL", "SECRET"),
        ("LOG_FORMAT", "SECRET"),
    ],
)
def test_a_wrong_variable_is_told_in_one_line_that_names_it_and_never_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    with pytest.raises(BadSetting) as caught:
        read(monkeypatch, **{name: value})
    told = str(caught.value)
    assert caught.value.name == name
    assert re.fullmatch(rf"{name}: must be .+\.", told)
    assert "SECRET" not in told
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://popcorn:pass%40word@host/name",
        "postgresql://popcorn:pass@word@host/name",
        "postgres://popcorn@host/name?password=pass%40word&sslmode=require",
        "postgres://popcorn@host/name?sslmode=require&sslpassword=pass%40word",
    ],
)
def test_token_and_password_are_never_shown(monkeypatch: pytest.MonkeyPatch, url: str):
    settings = read(monkeypatch, DISCORD_TOKEN=TOKEN, DATABASE_URL=url)
    for shown in (repr(settings), str(settings), settings.shown_database_url, str(settings.shown)):
        assert TOKEN not in shown
        assert "word@" not in shown and "pass%40" not in shown and "pass@" not in shown
    assert settings.shown_database_url == url.replace("pass%40word", "***").replace("pass@word", "***")
    assert TOKEN in settings.secrets
    assert "pass@word" in settings.secrets


def test_an_address_without_a_password_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch):
    settings = read(monkeypatch, DATABASE_URL="postgresql://host:5432/name")
    assert settings.shown_database_url == "postgresql://host:5432/name"
    assert settings.secrets == ()


def test_every_setting_can_be_shown_and_a_secret_only_as_set_or_not(monkeypatch: pytest.MonkeyPatch):
    assert read_settings().shown == {
        "DISCORD_TOKEN": "not set",
        "DATABASE_URL": "sqlite:///data/popcorn.db",
        "DISCORD_API_URL": "https://discord.com/api/v10",
        "FEED_INTERVAL_MINUTES": "10",
        "FEED_CONTACT": "not set",
        "FEED_ALLOW_HOSTS": "not set",
        "FEED_HEADERS": "not set",
        "LLM_BASE_URL": "not set",
        "LLM_API_KEY": "not set",
        "LLM_MODEL": "not set",
        "LLM_OPEN_BASE_URL": "not set",
        "LLM_OPEN_API_KEY": "not set",
        "LLM_OPEN_MODEL": "not set",
        "LLM_PROPRIETARY_BASE_URL": "not set",
        "LLM_PROPRIETARY_API_KEY": "not set",
        "LLM_PROPRIETARY_MODEL": "not set",
        "LLM_CONTEXT_TOKENS": "8192",
        "LLM_MAX_OUTPUT_TOKENS": "2048",
        "LLM_TIMEOUT_SECONDS": "60",
        "LLM_CONCURRENCY": "2",
        "LLM_PRICE_IN": "0",
        "LLM_PRICE_OUT": "0",
        "LLM_MEMBER_HOUR": "5",
        "LLM_SERVER_DAY": "60",
        "LLM_DAILY_TOKENS": "1000000",
        "LLM_DAILY_MONEY": "not set",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "text",
    }
    shown = read(monkeypatch, DISCORD_TOKEN=TOKEN, FEED_INTERVAL_MINUTES="0.5", FEED_ALLOW_HOSTS="a,b:1").shown
    assert (shown["DISCORD_TOKEN"], shown["FEED_INTERVAL_MINUTES"], shown["FEED_ALLOW_HOSTS"]) == (
        "set",
        "0.5",
        "a, b:1",
    )


def test_a_header_of_a_feed_is_never_shown_and_kept_out_of_the_log(monkeypatch: pytest.MonkeyPatch):
    headers = '{"news.example": {"User-Agent": "Firefox", "X-Key": "SECRET"}}'
    settings = read(monkeypatch, FEED_HEADERS=headers)

    assert settings.shown["FEED_HEADERS"] == "for news.example"
    assert "SECRET" in settings.secrets
    assert "Firefox" not in settings.secrets
    assert "SECRET" not in repr(settings)


MODELS = {"LLM_BASE_URL": "https://models.example/v1/", "LLM_MODEL": "big", "LLM_API_KEY": "SECRET"}


def test_a_model_takes_an_address_and_a_name(monkeypatch: pytest.MonkeyPatch):
    assert read_settings().models == {}
    assert read(monkeypatch, **MODELS).models == {"answer": ModelAccess("https://models.example/v1", "SECRET", "big")}


def test_an_address_with_the_end_that_the_client_adds_is_understood(monkeypatch: pytest.MonkeyPatch):
    settings = read(monkeypatch, **MODELS | {"LLM_BASE_URL": "https://models.example/v1/chat/completions"})
    assert settings.llm_base_url == "https://models.example/v1"


def test_a_side_without_an_address_is_asked_at_the_first_one_and_a_key_goes_to_no_other(
    monkeypatch: pytest.MonkeyPatch,
):
    sides = {"LLM_OPEN_MODEL": "weights", "LLM_PROPRIETARY_MODEL": "closed"}
    settings = read(monkeypatch, **MODELS | sides, LLM_OPEN_BASE_URL="http://127.0.0.1:11434/v1")
    assert settings.models["open"] == ModelAccess("http://127.0.0.1:11434/v1", "", "weights")
    assert settings.models["proprietary"] == ModelAccess("https://models.example/v1", "SECRET", "closed")


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"LLM_BASE_URL": "http://a.example"}, "LLM_MODEL: must be set, because LLM_BASE_URL is"),
        ({"LLM_OPEN_BASE_URL": "http://a.example"}, "LLM_OPEN_MODEL: must be set, because LLM_OPEN_BASE_URL is"),
        ({"LLM_MODEL": "big"}, "LLM_BASE_URL: must be set, because LLM_MODEL is"),
        ({"LLM_PROPRIETARY_MODEL": "big"}, "LLM_PROPRIETARY_BASE_URL: must be set, because"),
        ({"LLM_MAX_OUTPUT_TOKENS": "7169"}, "LLM_MAX_OUTPUT_TOKENS: must be at most 7168, to leave 1024 of LLM_"),
        ({"LLM_DAILY_MONEY": "2"}, "LLM_PRICE_IN: must be set, or LLM_PRICE_OUT"),
    ],
)
def test_half_a_model_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str):
    with pytest.raises(BadSetting, match=rf"^{line}"):
        read(monkeypatch, **variables)


def test_the_key_of_a_model_is_never_shown_and_kept_out_of_the_log(monkeypatch: pytest.MonkeyPatch):
    settings = read(monkeypatch, **MODELS, LLM_OPEN_MODEL="weights", LLM_OPEN_API_KEY="SECRET2")
    assert settings.shown["LLM_API_KEY"] == settings.shown["LLM_OPEN_API_KEY"] == "set"
    assert {"SECRET", "SECRET2"} <= set(settings.secrets)
    assert "SECRET" not in repr(settings) + str(settings.shown) + repr(settings.models)


def test_settings_can_not_be_changed():
    settings = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.log_level = "DEBUG"


def test_the_token_is_any_text_without_spaces(monkeypatch: pytest.MonkeyPatch):
    assert token_of(read(monkeypatch, DISCORD_TOKEN=f" {TOKEN} ")) == TOKEN


def test_without_a_token_one_line_says_how_to_get_one():
    with pytest.raises(BadSetting, match=r"^DISCORD_TOKEN: not set\. .*discord\.com/developers.*\.env"):
        token_of(read_settings())


@pytest.mark.parametrize("token", [f"Bot {TOKEN}", f"{TOKEN}\n{TOKEN}", f"{TOKEN}é"])
def test_a_token_with_odd_characters_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, token: str):
    with pytest.raises(BadSetting, match=r"^DISCORD_TOKEN: has spaces or odd characters") as caught:
        token_of(read(monkeypatch, DISCORD_TOKEN=token))
    assert TOKEN not in str(caught.value)


def test_the_example_file_lists_every_setting_with_its_default():
    example = ROOT / ".env.example"
    assert set(dotenv_values(example)) == NAMES
    assert read_settings(env_file=example) == read_settings(env_file=None)


def test_every_setting_of_the_example_file_has_a_comment_above_it():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = [place for place, line in enumerate(lines) if re.match(r"[A-Z_]+=", line)]
    assert len(settings) == len(NAMES)
    assert all(lines[place - 1].startswith("# ") for place in settings)


def test_the_readme_lists_every_setting():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^#+ Settings\s*$(.*?)(?=^#|\Z)", readme, re.MULTILINE | re.DOTALL)
    assert section, "the README has a section called Settings"
    assert set(re.findall(r"^\|\s*`([A-Z_]+)`\s*\|", section[1], re.MULTILINE)) == NAMES
