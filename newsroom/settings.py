"""The operator's choices, read once at the start: from the environment, then from ``.env`` in the working folder.

The names of the variables are a contract. What each is for stands in ``.env.example`` and in the README.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from newsroom.errors import BadSetting

ENV_FILE = Path(".env")
DISCORD_API_URL = "https://discord.com/api/v10"
A_WEEK = 7 * 24 * 60  # minutes
LEAST_OUTPUT = 64  # tokens
LEAST_FOR_QUESTION = 1024  # tokens; less holds our rules and a long question, and hardly a paragraph of the article
MOST_SECONDS = 400  # a question may wait as long for its turn, and a private reply can be changed for 15 minutes
MOST_TOKENS = 10**12  # a day, of any model that anybody can pay for
MOST_MEMBER_HOUR = 1000
MOST_SERVER_DAY = 100_000

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["text", "json"]

_API_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?/v\d+", re.IGNORECASE)
_MODEL_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?", re.IGNORECASE)
_MODEL_NAME = re.compile(r"[!-~]{1,200}")
_CONTACT = re.compile(r"[!-~]+@[!-~]+|https?://[!-~]+", re.IGNORECASE)
_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\s/:@?#\[\]]+)(:(?P<port>\d{1,5}))?")
# scheme://user:password@host, where a password may hold an @ itself, and libpq's ?password=
_PASSWORDS = (re.compile(r"^\w+://[^/:@]*:(?P<password>.+)@"), re.compile(r"[?&](ssl)?password=(?P<password>[^&]+)"))
_SHORTEST = 4  # hiding a shorter one wherever it appears would garble every log line


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,4000}")
# What decides how an answer is read, and what makes up the connection, is ours.
_OUR_HEADERS = frozenset(
    ("accept-encoding", "connection", "content-length", "host", "if-modified-since", "if-none-match", "range", "te",
     "trailer", "transfer-encoding", "upgrade")
)  # fmt: skip
_PUBLIC_HEADERS = frozenset(("accept", "accept-language", "user-agent"))


def _database_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower() not in ("sqlite", "postgresql", "postgres") or not rest.strip("/"):
        raise ValueError
    if scheme.lower() == "sqlite" and not rest.startswith("/"):  # two slashes, so the folder would be a host
        raise ValueError
    return f"{scheme.lower()}://{rest}"


def _api_url(value: str) -> str:
    value = value.rstrip("/")
    # Asking for the port raises ValueError where it is none.
    if not _API_URL.fullmatch(value) or not urlsplit(value).hostname or urlsplit(value).port == 0:
        raise ValueError
    return value


def _model_url(value: str) -> str:
    value = value.rstrip("/")
    if not _MODEL_URL.fullmatch(value) or not urlsplit(value).hostname or urlsplit(value).port == 0:
        raise ValueError
    # Pages that tell how to ask a model name the whole address; the client adds the end of it by itself.
    return value.removesuffix("/chat/completions")


def _model_key(value: object) -> object:
    # What fits in no header would be told with the header's text in it.
    if isinstance(value, str) and not re.fullmatch(r"[!-~]{1,2000}", value):
        raise ValueError
    return value


def _model_name(value: str) -> str:
    if not _MODEL_NAME.fullmatch(value):
        raise ValueError
    return value


def _contact(value: str) -> str:
    if not _CONTACT.fullmatch(value):
        raise ValueError
    return value


def _hosts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    hosts = tuple(part.strip().lower() for part in parts)
    return tuple(_host(host) for host in hosts if host)


def _host(value: str) -> str:
    parts = _HOST.fullmatch(value)
    if parts is None or not 0 < int(parts["port"] or 80) < 65536:
        raise ValueError
    if parts["host"].startswith("["):
        ipaddress.IPv6Address(parts["host"][1:-1])
    return value


def _feed_headers(value: str | Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError
    for place, headers in found.items():
        if not (urlsplit(place).scheme in ("http", "https") and urlsplit(place).hostname):
            _host(place.strip().lower())
        if not isinstance(headers, dict) or not headers:
            raise ValueError
        for name, content in headers.items():
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OUR_HEADERS:
                raise ValueError
            if not isinstance(content, str) or not _HEADER_VALUE.fullmatch(content):
                raise ValueError
    return {place if "://" in place else place.strip().lower(): headers for place, headers in found.items()}


ModelUrl = Annotated[str, BeforeValidator(_model_url)]
ModelKey = Annotated[SecretStr, BeforeValidator(_model_key)]
ModelName = Annotated[str, BeforeValidator(_model_name)]

_MODEL_PREFIXES = {"llm": "answer", "llm_open": "open", "llm_proprietary": "proprietary"}
_AN_ADDRESS = "an http(s) address such as https://api.deepseek.com/v1 or http://127.0.0.1:11434/v1"
_A_KEY = "a key without spaces, as its provider shows it"
_A_NAME = "a name without spaces, as its provider lists it, such as deepseek-chat"


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """One language model as the operator configured it. ``key`` is empty where the address wants none."""

    base_url: str
    key: str = field(repr=False)
    model: str


class Settings(BaseSettings):
    """All settings, checked. ``description`` is the end of the sentence "NAME: must be …"."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, env_file_encoding="utf-8-sig", hide_input_in_errors=True
    )

    discord_token: SecretStr | None = Field(None, description="the token of your bot")
    database_url: Annotated[str, BeforeValidator(_database_url)] = Field(
        "sqlite:///data/popcorn.db",
        repr=False,  # a password may be in it
        description="sqlite:///folder/file.db (three slashes) or postgresql://user:password@host/name",
    )
    discord_api_url: Annotated[str, BeforeValidator(_api_url)] = Field(
        DISCORD_API_URL,
        description=f"an http(s) address that ends in the version of the API, such as {DISCORD_API_URL}",
    )
    feed_interval_minutes: float = Field(
        10, gt=0, le=A_WEEK, description=f"a number of minutes above 0 and at most {A_WEEK} (a week), such as 10 or 0.5"
    )
    feed_contact: Annotated[str, BeforeValidator(_contact)] | None = Field(
        None, max_length=200, description="a mail address or an http(s) address of at most 200 plain characters"
    )
    feed_allow_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = Field(
        (), description="a list such as news.lan, 10.0.0.5:8080, [fd00::1]:8080 (no http://, commas between)"
    )
    feed_headers: Annotated[Mapping[str, Mapping[str, str]], NoDecode, BeforeValidator(_feed_headers)] = Field(
        {},
        repr=False,  # a key or a password may be in it
        description='JSON with headers by host or address, such as {"news.example": {"User-Agent": "Mozilla/5.0"}}',
    )
    llm_base_url: ModelUrl | None = Field(None, description=_AN_ADDRESS)
    llm_api_key: ModelKey | None = Field(None, description=_A_KEY)
    llm_model: ModelName | None = Field(None, description=_A_NAME)
    llm_open_base_url: ModelUrl | None = Field(None, description=_AN_ADDRESS)
    llm_open_api_key: ModelKey | None = Field(None, description=_A_KEY)
    llm_open_model: ModelName | None = Field(None, description=_A_NAME)
    llm_proprietary_base_url: ModelUrl | None = Field(None, description=_AN_ADDRESS)
    llm_proprietary_api_key: ModelKey | None = Field(None, description=_A_KEY)
    llm_proprietary_model: ModelName | None = Field(None, description=_A_NAME)
    llm_context_tokens: int = Field(
        8192,
        ge=LEAST_FOR_QUESTION + LEAST_OUTPUT,
        le=10**7,
        description=f"a whole number from {LEAST_FOR_QUESTION + LEAST_OUTPUT} to 10000000",
    )
    llm_max_output_tokens: int = Field(
        2048, ge=LEAST_OUTPUT, le=10**6, description=f"a whole number from {LEAST_OUTPUT} to 1000000"
    )
    llm_timeout_seconds: float = Field(
        60, gt=0, le=MOST_SECONDS, description=f"a number of seconds above 0 and at most {MOST_SECONDS}"
    )
    llm_concurrency: int = Field(2, ge=1, le=100, description="a whole number from 1 to 100")
    llm_price_in: float = Field(0, ge=0, le=10**6, description="a price such as 0.28, from 0 to 1000000")
    llm_price_out: float = Field(0, ge=0, le=10**6, description="a price such as 0.42, from 0 to 1000000")
    llm_member_hour: int = Field(
        5, ge=1, le=MOST_MEMBER_HOUR, description=f"a whole number of questions from 1 to {MOST_MEMBER_HOUR}"
    )
    llm_server_day: int = Field(
        60, ge=1, le=MOST_SERVER_DAY, description=f"a whole number of questions from 1 to {MOST_SERVER_DAY}"
    )
    llm_daily_tokens: int = Field(
        1_000_000, ge=1, le=MOST_TOKENS, description=f"a whole number of tokens from 1 to {MOST_TOKENS}"
    )
    llm_daily_money: float | None = Field(
        None, gt=0, le=10**6, description="an amount such as 2.50, above 0 and at most 1000000"
    )
    log_level: Annotated[LogLevel, BeforeValidator(str.upper)] = Field(
        "INFO", description="one of " + ", ".join(get_args(LogLevel))
    )
    log_format: Annotated[LogFormat, BeforeValidator(str.lower)] = Field("text", description="text or json")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take a variable that holds spaces alone as not set, like an empty one."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != ""}

    @property
    def models(self) -> dict[str, ModelAccess]:
        """The language models that are configured: "answer", "open", "proprietary", each or none of them.

        The open and the proprietary one are asked where the first one is, with its key, unless they have an address
        of their own: then that key is none of their business.
        """
        found = {}
        for prefix, role in _MODEL_PREFIXES.items():
            model = getattr(self, f"{prefix}_model")
            own_url, own_key = getattr(self, f"{prefix}_base_url"), getattr(self, f"{prefix}_api_key")
            url, key = own_url or self.llm_base_url, own_key or (None if own_url else self.llm_api_key)
            if model and url:
                found[role] = ModelAccess(url, key.get_secret_value() if key else "", model)
        return found

    def model_variables(self, role: str) -> tuple[str, str, str]:
        """The variables that say where the model in that role is asked, with which key and under which name."""
        prefix = next(prefix for prefix, each in _MODEL_PREFIXES.items() if each == role)
        has_url = getattr(self, f"{prefix}_base_url") is not None
        has_key = has_url or getattr(self, f"{prefix}_api_key") is not None
        url, key = (prefix if has_own else "llm" for has_own in (has_url, has_key))
        return f"{url}_base_url".upper(), f"{key}_api_key".upper(), f"{prefix}_model".upper()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged: the token, the models' keys, the database's password as written and as sent, and
        feeds' headers.

        What has fewer than _SHORTEST characters is not among them: it is shown where it appears.
        """
        found = [self.discord_token.get_secret_value()] if self.discord_token else []
        keys = self.llm_api_key, self.llm_open_api_key, self.llm_proprietary_api_key
        found += [key.get_secret_value() for key in keys if key and len(key.get_secret_value()) >= _SHORTEST]
        headers = [pair for of_place in self.feed_headers.values() for pair in of_place.items()]
        found += [value for name, value in headers if name.lower() not in _PUBLIC_HEADERS and len(value) >= _SHORTEST]
        for pattern in _PASSWORDS:
            if part := pattern.search(self.database_url):
                spellings = part["password"], unquote(part["password"])
                found += [password for password in spellings if len(password) >= _SHORTEST]
        return tuple(dict.fromkeys(found))

    @property
    def shown(self) -> dict[str, str]:
        """Each variable with its value as anybody may read it, in the order of ``.env.example``."""
        values = {
            **{name: getattr(self, name) for name in type(self).model_fields},
            "discord_token": "set" if self.discord_token else None,
            "database_url": self.shown_database_url,
            "feed_interval_minutes": f"{self.feed_interval_minutes:g}",
            **{f"{name}_api_key": "set" if getattr(self, f"{name}_api_key") else None for name in _MODEL_PREFIXES},
            **{name: f"{getattr(self, name):g}" for name in ("llm_timeout_seconds", "llm_price_in", "llm_price_out")},
            "llm_daily_money": f"{self.llm_daily_money:g}" if self.llm_daily_money else None,
            "feed_allow_hosts": ", ".join(self.feed_allow_hosts),
            "feed_headers": "for " + ", ".join(self.feed_headers) if self.feed_headers else None,
        }
        return {name.upper(): str(value or "not set") for name, value in values.items()}

    @property
    def shown_database_url(self) -> str:
        """The database's address with stars for the password."""
        shown = self.database_url
        for pattern in _PASSWORDS:
            if part := pattern.search(shown):
                shown = shown[: part.start("password")] + "***" + shown[part.end("password") :]
        return shown


def read_settings(*, env_file: Path | None = ENV_FILE, **overrides: Any) -> Settings:
    """Read the settings; ``overrides``, by the names of the fields, beat environment and ``env_file``.

    An empty variable counts as not set. Raises BadSetting, with one line that says how to get it right and never
    holds the value: a token or a password may stand in the wrong variable.
    """
    try:
        # It would be passed over in silence. Docker makes one where the file to be mounted is missing.
        if env_file is not None and env_file.is_dir():
            raise BadSetting(
                str(env_file), "is a folder; put a file in its place, a copy of .env.example for instance."
            )
        settings = Settings(**{"_env_file": env_file, **overrides})
    except ValidationError as error:
        name = str(error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"][0])
    except UnicodeDecodeError:
        raise BadSetting(str(env_file), "is not a text file in UTF-8; save it as UTF-8.") from None
    except OSError:
        raise BadSetting(str(env_file), "can't be read; give the account that runs Popcorn the right to.") from None
    else:
        _check_models(settings)
        return settings
    description = Settings.model_fields[name].description
    # Not raised from the library's error: no traceback may ever show what the variable held.
    raise BadSetting(name.upper(), f"must be {description}.")


def _check_models(settings: Settings) -> None:
    """Raise BadSetting where settings of language models can't work together, though each may stand alone."""
    for prefix in _MODEL_PREFIXES:
        url, name = f"{prefix}_base_url", f"{prefix}_model"
        if getattr(settings, url) and not getattr(settings, name):
            raise BadSetting(name.upper(), f"must be set, because {url.upper()} is: which model shall be asked there?")
        if getattr(settings, name) and not (getattr(settings, url) or settings.llm_base_url):
            raise BadSetting(url.upper(), f"must be set, because {name.upper()} is: where shall that model be asked?")
    most = settings.llm_context_tokens - LEAST_FOR_QUESTION
    if settings.llm_max_output_tokens > most:
        raise BadSetting(
            "LLM_MAX_OUTPUT_TOKENS",
            f"must be at most {most}, to leave {LEAST_FOR_QUESTION} of LLM_CONTEXT_TOKENS for rules, question and "
            "article.",
        )
    if settings.llm_daily_money and not (settings.llm_price_in or settings.llm_price_out):
        raise BadSetting("LLM_PRICE_IN", "must be set, or LLM_PRICE_OUT, for LLM_DAILY_MONEY to limit anything.")


def popcorn_version() -> str:
    """Return the version that runs; "0" if it runs from a plain copy of the files."""
    try:
        return version("popcorn")
    except PackageNotFoundError:
        return "0"


def token_of(settings: Settings) -> str:
    """Return the bot's token. Raises BadSetting, which says where to get one, when there is none or not a plain one."""
    token = settings.discord_token.get_secret_value() if settings.discord_token else ""
    if not token:
        raise BadSetting(
            "DISCORD_TOKEN",
            "not set. Create one at discord.com/developers/applications → Bot → Reset Token, and put it into .env",
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise BadSetting(
            "DISCORD_TOKEN",
            "has spaces or odd characters in it. Copy it anew at discord.com/developers/applications → Bot → "
            "Reset Token, the token alone, and put it into .env",
        )
    return token
