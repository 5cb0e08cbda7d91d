"""Language models over sockets, with an endpoint that plays what providers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from newsroom.answers.breaker import MOST_FAILURES
from newsroom.answers.chat import Models, open_models
from newsroom.answers.talk import Completion, Message, Schema
from newsroom.errors import BadSetting, Failure, ModelFailed
from newsroom.settings import read_settings
from tests.endpoint import (
    Asked,
    Endpoint,
    Scripted,
    Step,
    breaks_off,
    chunk,
    endpoint,
    never_stops,
    page,
    raw,
    redirects,
    refuses,
    says,
    says_json,
    stalls,
    streams,
)
from tests.fakes import Clock

KEY = "sk-hunter2-hunter2"
QUESTION = [Message("system", "Be brief."), Message("user", "What is new?")]
VERDICT = Schema(
    "verdict",
    {
        "type": "object",
        "properties": {"side": {"type": "string", "enum": ["open", "proprietary"]}},
        "required": ["side"],
    },
)
QUICK = 0.05
"""Seconds: of a limit that is meant to be reached."""


class Pauses:
    """Waits for nothing, and remembers for how long it would have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Talk:
    """A model at a scripted endpoint."""

    def __init__(self, models: Models, there: Endpoint, pauses: Pauses, clock: Clock) -> None:
        assert models.answer is not None
        self.models, self.model, self.there, self.pauses, self.clock = models, models.answer, there, pauses, clock

    async def ask(self, schema: Schema | None = None, **options: Any) -> Completion:
        return await self.model.complete(QUESTION, schema=schema, **options)

    async def fails(self, schema: Schema | None = None) -> ModelFailed:
        with pytest.raises(ModelFailed) as caught:
            await self.ask(schema)
        return caught.value


@asynccontextmanager
async def talk(*script: Step, stall: float = 60, **settings: Any) -> AsyncIterator[Talk]:
    pauses, clock = Pauses(), Clock()
    async with endpoint(*script) as there:
        chosen = {"llm_base_url": there.address, "llm_model": "small", "llm_api_key": KEY} | settings
        models = await open_models(read_settings(env_file=None, **chosen), now=clock, stall=stall, pause=pauses)
        try:
            yield Talk(models, there, pauses, clock)
        finally:
            await models.close()


# ------------------------------------------------------------------------------ a good answer


async def test_an_answer_comes_with_what_it_took():
    async with talk(says("All is well.")) as each:
        assert await each.ask() == Completion("All is well.", None, 100, 20, True)

    (asked,) = each.there.requests
    assert asked.path == "/v1/chat/completions"
    assert asked.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is new?"},
    ]
    assert (asked.body["model"], asked.body["max_tokens"], asked.body["stream"]) == ("small", 2048, True)


async def test_of_this_machine_and_its_environment_nothing_is_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: hunter2")
    async with talk(says("Yes.")) as each:
        await each.ask()

    headers = each.there.requests[0].headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["User-Agent"].startswith("Popcorn/")
    assert "hunter2" not in str({name: value for name, value in headers.items() if name != "Authorization"})
    assert not [name for name in headers if name.lower().startswith(("x-stainless-os", "openai-", "x-mine", "cookie"))]


async def test_without_a_key_none_is_sent():
    async with talk(says("Yes."), llm_api_key=None) as each:
        await each.ask()
    assert "Authorization" not in each.there.requests[0].headers


async def test_nobody_configured_is_no_model_and_loads_nothing():
    models = await open_models(read_settings(env_file=None), now=Clock())
    assert models.configured == {}
    await models.close()


async def test_each_side_has_its_model_and_a_key_goes_where_it_belongs():
    async with endpoint(says("Open.")) as other:
        more = {
            "llm_open_model": "weights",
            "llm_open_base_url": other.address,
            "llm_proprietary_model": "closed",
        }
        async with talk(says("Closed."), **more) as each:
            assert [model.name for model in each.models.configured.values()] == ["small", "weights", "closed"]
            for model in each.models.configured.values():
                await model.complete(QUESTION)

    assert [asked.body["model"] for asked in each.there.requests] == ["small", "closed"]
    assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in each.there.requests)
    assert "Authorization" not in other.requests[0].headers


async def test_a_question_that_is_too_long_is_not_asked():
    async with talk(says("Yes.")) as each:
        with pytest.raises(ModelFailed) as caught:
            await each.model.complete([Message("user", "x" * 30_000)])
    assert caught.value.kind is Failure.TOO_LONG
    assert each.there.requests == []


async def test_an_address_with_an_impossible_host_is_a_wrong_setting():
    settings = read_settings(env_file=None, llm_base_url="http://xn--\u00e9/v1", llm_model="small")
    with pytest.raises(BadSetting, match=r"^LLM_BASE_URL: no address for the model small"):
        await open_models(settings, now=Clock())


async def test_any_text_can_be_asked():
    async with talk(says("Yes.")) as each:
        await each.model.complete([Message("user", "half \ud83d of it \x00 🍿")])
    assert each.there.requests[0].question == "half ? of it \x00 🍿"


async def test_as_many_are_asked_at_once_as_the_address_may_have():
    now = most = 0

    async def counted(request: Any, asked: Asked) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        response = await says("Yes.").send(request, asked)
        now -= 1
        return response

    async with talk(Scripted(counted), llm_concurrency=2, llm_open_model="other") as each:
        models = [each.models.answer, each.models.open] * 5
        await asyncio.gather(*(model.complete(QUESTION) for model in models if model))
    assert len(each.there.requests) == 10
    assert most <= 2


async def test_who_waits_too_long_for_a_turn_hears_that_the_model_is_busy():
    async with talk(stalls(), llm_concurrency=1, llm_timeout_seconds=QUICK) as each:
        first, second = await asyncio.gather(each.fails(), each.fails())
    assert {first.kind, second.kind} <= {Failure.SLOW, Failure.BUSY}
    assert first.kind is Failure.SLOW


# ------------------------------------------------------------------------------ how it is said


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("streamed", [True, False])
async def test_what_a_model_thinks_in_a_field_of_its_own_is_left_out(field: str, streamed: bool):
    def answer(asked: Asked) -> Scripted:
        if asked.body.get("stream") and not streamed:
            return refuses(400, "stream is not supported", param="stream")
        return says("Yes.", thinking="Hm, let me see.", field=field)

    async with talk(answer) as each:
        assert (await each.ask()).text == "Yes."


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "said",
    [
        "<think>hm</think>Yes.",
        "hm</think>\n\nYes.",
        "<think>hm</think>Yes.<think>or no",
        "<thinking>hm <think> hm</thinking>Yes.",
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>",
    ],
)
async def test_tags_of_thinking_are_found_however_the_stream_splits_them(said: str, piece: int):
    async with talk(says(said, piece=piece)) as each:
        assert (await each.ask()).text == "Yes."


async def test_bytes_may_be_split_anywhere():
    said = streams(
        b": keep-alive\r\n\r\n", chunk({"content": "Größe "}), chunk({"content": "🍿"}, finish="stop"), pieces=1
    )
    async with talk(said) as each:
        assert (await each.ask()).text == "Größe 🍿"


async def test_content_may_come_in_parts():
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Yes"}]
    async with talk(streams(chunk({"content": parts}), chunk({"content": "."}, finish="stop"))) as each:
        assert (await each.ask()).text == "Yes."


async def test_who_is_asked_for_a_stream_and_answers_in_one_piece_is_understood():
    body = '\n {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}'
    async with talk(raw(body)) as each:
        assert (await each.ask()).text == "Yes."


async def test_where_nobody_counts_tokens_they_are_estimated_rather_too_high():
    async with talk(says("Yes, it is.", usage=None)) as each:
        completion = await each.ask()
    assert completion.tokens_out == 4  # 11 characters, 3.5 each
    assert completion.tokens_in >= len("Be brief.What is new?") / 3.5


async def test_an_answer_that_was_cut_says_so():
    async with talk(says("And the", finish="length"), streams(chunk({"content": "And"}), done=False)) as each:
        assert (await each.ask()).finished is False
        assert (await each.ask()).finished is False


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
async def test_a_model_that_never_stops_is_cut_off(field: str):
    async with talk(never_stops(field=field), llm_max_output_tokens=64) as each:
        if field == "content":
            completion = await each.ask()
            assert completion.finished is False
            assert len(completion.text) <= 8 * 64
        else:
            assert (await each.fails()).kind is Failure.EMPTY


# ------------------------------------------------------------------------------ nothing said


NOTHING = [
    says(None),
    says(""),
    says("  \n"),
    says("<think>hm</think>"),
    says(None, thinking="hm"),
    streams({"choices": None}),
    streams({"choices": []}),
    streams(chunk(None)),
    streams({"choices": [None]}),
    streams(),
    raw('{"choices": null}'),
]


@pytest.mark.parametrize("nothing", NOTHING)
async def test_who_says_nothing_is_asked_once_more(nothing: Scripted):
    async with talk(nothing, says("Yes.")) as each:
        assert (await each.ask()).text == "Yes."
    async with talk(nothing) as each:
        assert (await each.fails()).kind is Failure.EMPTY
        assert len(each.there.requests) == 2


async def test_who_thinks_until_nothing_is_left_is_not_asked_again():
    async with talk(says("", thinking="hm", finish="length")) as each:
        error = await each.fails()
        assert (error.kind, error.tokens_in, error.tokens_out) == (Failure.EMPTY, 100, 20)
        assert len(each.there.requests) == 1


# ------------------------------------------------------------------------------ data


def takes(*kinds: str, message: str = "This response_format type is unavailable now") -> Step:
    """An endpoint that knows these ways of asking for data."""

    def answer(asked: Asked) -> Scripted:
        kind = asked.body.get("response_format", {}).get("type", "plain")
        return (
            says_json({"side": "open", "sentence": "Anybody may read it."}) if kind in kinds else refuses(400, message)
        )

    return answer


async def test_data_is_asked_for_by_its_schema_where_that_is_taken():
    async with talk(takes("json_schema")) as each:
        completion = await each.ask(VERDICT)
    assert completion.data == {"side": "open"}  # and nothing that nobody asked for
    sent = each.there.requests[0].body["response_format"]["json_schema"]
    assert (sent["name"], sent["strict"], sent["schema"]["additionalProperties"]) == ("verdict", True, False)


@pytest.mark.parametrize("message", ["This response_format type is unavailable now", "Bad Request"])
@pytest.mark.parametrize(("kinds", "requests"), [(["json_object", "plain"], 2), (["plain"], 3)])
async def test_what_worked_for_data_is_remembered(kinds: list[str], requests: int, message: str):
    async with talk(takes(*kinds, message=message)) as each:
        assert (await each.ask(VERDICT)).data == {"side": "open"}
        assert len(each.there.requests) == requests
        await each.ask(VERDICT)
        assert len(each.there.requests) == requests + 1
    assert "JSON" in each.there.requests[-1].question  # some take the parameter only if the word is there


@pytest.mark.parametrize(
    "said",
    [
        '{"side": "open"}',
        '```json\n{"side": "open"}\n```',
        'Sure {as asked}! Here you are: {"side": "open", "extra": [1]} Anything else?',
        '<think>{"side": "proprietary"}</think>{"side": "open"}',
    ],
)
async def test_data_is_cut_out_of_what_stands_around_it(said: str):
    async with talk(says(said)) as each:
        assert (await each.ask(VERDICT)).data == {"side": "open"}


@pytest.mark.parametrize("said", ["I'd say open.", '{"side": "both"}', '{"team": "open"}', "{", '["open"]'])
async def test_data_that_does_not_fit_gets_one_repair(said: str):
    async with talk(says(said), says_json({"side": "open"})) as each:
        completion = await each.ask(VERDICT)
        assert completion.data == {"side": "open"}
        assert (completion.tokens_in, completion.tokens_out) == (200, 40)
        assert "could not be used" in each.there.requests[1].question
    async with talk(says(said)) as each:
        assert (await each.fails(VERDICT)).kind is Failure.UNFIT
        assert len(each.there.requests) == 2


async def test_an_endpoint_that_heeds_no_schema_is_told_in_words_from_then_on():
    async with talk(says("Open, I'd say."), says_json({"side": "open"})) as each:
        await each.ask(VERDICT)
        await each.ask(VERDICT)
    assert [asked.body["response_format"]["type"] for asked in each.there.requests[1:]] == ["json_object"] * 2


async def test_an_answer_that_was_cut_off_says_nothing_of_how_data_is_asked_for():
    async with talk(says('{"side": "op', finish="length"), says_json({"side": "open"})) as each:
        assert (await each.ask(VERDICT)).data == {"side": "open"}
    assert "cut off" in each.there.requests[1].question
    assert each.there.requests[1].body["response_format"]["type"] == "json_schema"


# ------------------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("temperature", "Unsupported value: 'temperature' does not support 0.3 with this model."),
        ("stream_options", "Unrecognized request argument supplied: stream_options"),
        ("stream", "Streaming is not available here."),
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
    ],
)
@pytest.mark.parametrize("named", [True, False])
async def test_a_parameter_that_is_refused_is_left_out_and_not_tried_again(parameter: str, message: str, named: bool):
    def answer(asked: Asked) -> Scripted:
        there = parameter in asked.body
        return refuses(400, message, param=parameter if named else None) if there else says("Yes.")

    async with talk(answer) as each:
        assert (await each.ask()).text == "Yes."
        assert (await each.ask()).text == "Yes."
    assert [parameter in asked.body for asked in each.there.requests] == [True, False, False]
    if parameter == "max_tokens":
        assert each.there.requests[1].body["max_completion_tokens"] == 2048


async def test_where_no_system_message_is_taken_the_user_says_it():
    def answer(asked: Asked) -> Scripted:
        if asked.body["messages"][0]["role"] == "system":
            return refuses(400, "System role not supported")
        return says("Yes.")

    async with talk(answer) as each:
        await each.ask()
    assert each.there.requests[1].body["messages"] == [{"role": "user", "content": "Be brief.\n\nWhat is new?"}]


async def test_several_parameters_may_be_refused_one_after_the_other():
    def answer(asked: Asked) -> Scripted:
        for name in ("max_tokens", "max_completion_tokens", "temperature", "stream_options", "stream"):
            if name in asked.body:
                return refuses(400, f"{name} is not permitted", param=name)
        return says("Yes.")

    async with talk(answer) as each:
        assert (await each.ask()).text == "Yes."
        assert len(each.there.requests) == 6


async def test_what_a_failing_endpoint_says_of_parameters_is_not_believed():
    async with talk(refuses(400, "temperature"), refuses(500), refuses(500), refuses(500), says("Yes.")) as each:
        await each.fails()
        await each.ask()
    assert "temperature" in each.there.requests[-1].body


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens; max_tokens is too large.",
        "the request exceeds the available context size, try increasing it",
    ],
)
async def test_too_long_a_question_is_final(message: str):
    async with talk(refuses(400, message)) as each:
        assert (await each.fails()).kind is Failure.TOO_LONG
        assert len(each.there.requests) == 1


async def test_an_error_that_names_nothing_of_ours_is_final():
    async with talk(refuses(400, "I don't like this")) as each:
        assert (await each.fails()).kind is Failure.MISFIT
        assert len(each.there.requests) == 1


# ------------------------------------------------------------------------------ trouble


@pytest.mark.parametrize("trouble", [refuses(s) for s in (408, 409, 429, 500, 503, 529)] + [breaks_off(), page(502)])
async def test_trouble_that_passes_is_tried_twice_more(trouble: Scripted):
    async with talk(trouble, trouble, says("Yes.")) as each:
        assert (await each.ask()).text == "Yes."
    first, second = each.pauses.seconds
    assert 0.5 <= first < 1 <= second < 2
    async with talk(trouble) as each:
        assert (await each.fails()).kind in (Failure.BUSY, Failure.AWAY)
        assert len(each.there.requests) == 3


async def test_a_wait_that_is_asked_for_is_kept_up_to_half_a_minute():
    async with talk(refuses(429, headers={"Retry-After": "30"}), says("Yes.")) as each:
        await each.ask()
        assert 30 <= each.pauses.seconds[0] < 40
    async with talk(refuses(429, headers={"Retry-After": "31"})) as each:
        assert (await each.fails()).kind is Failure.BUSY
        assert each.pauses.seconds == []
    async with talk(refuses(429, headers={"Retry-After": "soon"}), says("Yes.")) as each:
        await each.ask()


@pytest.mark.parametrize(
    ("begun", "kind"),
    [
        (breaks_off("And then"), Failure.AWAY),
        (streams(chunk({"content": "And"}), {"error": {"message": "overloaded", "code": 503}}), Failure.BUSY),
        (streams(chunk({"content": "And"}), b"data: {nonsense\n\n"), Failure.GARBLED),
    ],
)
async def test_an_answer_that_has_begun_is_never_asked_for_again(begun: Scripted, kind: Failure):
    async with talk(begun) as each:
        error = await each.fails()
        assert error.kind is kind
        assert error.tokens_in > 0 < error.tokens_out
        assert len(each.there.requests) == 1


@pytest.mark.parametrize("before", [[], ["And then"]])
async def test_an_answer_that_takes_too_long_is_given_up(before: list[str]):
    async with talk(stalls(*before), llm_timeout_seconds=QUICK) as each:
        assert (await each.fails()).kind is Failure.SLOW
        assert len(each.there.requests) <= 1  # it may not even have got there


async def test_an_answer_that_stalls_is_given_up_before_its_time_is_over():
    async with talk(stalls("And then"), stall=QUICK, llm_timeout_seconds=400) as each:
        assert (await each.fails()).kind is Failure.SLOW


@pytest.mark.parametrize(
    "garbled",
    [
        page(),
        raw("Hello there"),
        raw("{"),
        raw("[]"),
        raw('{"status": "ok"}'),
        raw("[" * 100_000),
        raw(b"\xff\xfe\x00"),
        raw("data: {\n\n", type="text/event-stream"),
        raw("{" + " " * 2_000_000),
        streams(b"x" * 2_000_000),
        raw(b"", status=204),
        raw("{}", status=201),
    ],
)
async def test_what_is_no_answer_of_a_model_is_told_as_such(garbled: Scripted):
    async with talk(garbled) as each:
        error = await each.fails()
    assert error.kind in (Failure.GARBLED, Failure.EMPTY)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int):
    async with endpoint(says("Yes.")) as other, talk(redirects(f"{other.address}/chat/completions", status)) as each:
        assert (await each.fails()).kind is Failure.GARBLED
        assert other.requests == []


async def test_an_endless_error_is_read_in_part():
    async with talk(raw(b"x" * 10_000_000, status=400)) as each:
        assert (await each.fails()).kind is Failure.MISFIT


async def test_nobody_there_is_told_without_the_address():
    async with talk(says("Yes."), llm_base_url="http://127.0.0.1:1/v1") as each:
        error = await each.fails()
    assert error.kind is Failure.AWAY
    assert "127.0.0.1" not in str(error)


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_no_error_holds_key_or_address(status: int, caplog: pytest.LogCaptureFixture):
    async with talk(refuses(status, f"Incorrect key {KEY}")) as each:
        error = await each.fails()
    assert error.kind is Failure.REFUSED
    assert KEY not in str(error) and each.there.address not in str(error)
    assert each.there.address not in caplog.text
    assert len(each.there.requests) == 1


# ------------------------------------------------------------------------------ resting


async def test_a_model_that_fails_thrice_rests_for_five_minutes_and_admins_hear_it_once():
    async with talk(refuses(401), *[refuses(401)] * MOST_FAILURES, says("Yes.")) as each:
        for _ in range(MOST_FAILURES):
            await each.fails()
        assert (await each.fails()).kind is Failure.RESTING
        assert len(each.there.requests) == MOST_FAILURES
        (notice,) = each.models.take_notices()
        assert (notice.name, notice.kind) == ("small", Failure.REFUSED)

        each.clock.advance(minutes=5)
        assert (await each.fails()).kind is Failure.REFUSED
        assert (await each.fails()).kind is Failure.RESTING
        assert each.models.take_notices() == ()

        each.clock.advance(minutes=5)
        assert (await each.ask()).text == "Yes."
        assert (await each.ask()).text == "Yes."


async def test_no_question_puts_a_model_to_rest():
    async with talk(refuses(400), says(""), says(""), says("Yes."), llm_max_output_tokens=64) as each:
        for _ in range(MOST_FAILURES + 1):
            await each.fails(VERDICT)
        assert each.models.take_notices() == ()


# ------------------------------------------------------------------------------ looking it over


async def test_a_probe_tells_how_a_model_does():
    async with talk(takes("json_object")) as each:
        probe = await each.model.probe()  # type: ignore[attr-defined]
    assert (probe.name, probe.structure, probe.streams) == ("small", "json_object", True)
    assert probe.first_token_seconds > 0 < probe.tokens_per_second


async def test_a_model_that_knows_no_data_is_probed_as_well():
    async with talk(says("Software whose source is open.")) as each:
        probe = await each.model.probe()  # type: ignore[attr-defined]
    assert probe.structure == "plain text"
