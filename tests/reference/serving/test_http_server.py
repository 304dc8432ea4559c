"""The server over HTTP: what the protocol promises, and what is refused."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import openai
import pytest

from seed.reference.evaluation.policies import Ask, Response, ServerPolicy, Settings, served_model
from seed.reference.evaluation.questions import Question
from seed.reference.rewards.chat_client import ChatClient
from seed.reference.serving.http_server import CHAT, COMPLETIONS, HEALTH, MODELS
from seed.reference.serving.requests import Limits
from seed.spec.datatypes import Sampling
from tests.support.servers import LIMITS, Local, local
from tests.support.tiny_tokenizers import chat_folder

SUM = [{"role": "user", "content": "A7+5="}]
BAD = HTTPStatus.BAD_REQUEST


@pytest.fixture(scope="module")
def characters() -> Iterator[Local]:
    with local() as server:
        yield server


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(chat_folder(tmp_path_factory.mktemp("served"))) as server:
        yield server


@pytest.fixture(params=["characters", "language"])
def served(request: pytest.FixtureRequest) -> Local:
    found: Local = request.getfixturevalue(request.param)
    return found


def text_of(reply: dict[str, Any], number: int = 0) -> str:
    content: str = reply["choices"][number]["message"]["content"]
    return content


def test_a_chat_is_answered(served: Local) -> None:
    reply = served.asked(messages=SUM, seed=1, model="small")
    (choice,) = reply["choices"]
    assert (reply["object"], choice["index"]) == ("chat.completion", 0)
    assert choice["finish_reason"] in ("stop", "length")
    usage = reply["usage"]
    assert 1 <= usage["completion_tokens"] <= LIMITS.max_tokens
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_same_seed_gives_the_same_response_whatever_else_is_sampled(served: Local) -> None:
    alone = [text_of(served.asked(messages=SUM, seed=seed)) for seed in range(4)]
    assert len(set(alone)) > 1
    beside: dict[int, str] = {}

    def ask(seed: int) -> None:
        beside[seed] = text_of(served.asked(messages=SUM, seed=seed))

    def disturb(number: int) -> None:
        served.asked(messages=[{"role": "user", "content": str(number)}], temperature=0.5)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    threads += [threading.Thread(target=disturb, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [beside[seed] for seed in range(4)] == alone
    together = served.asked(messages=SUM, seed=0, n=4)
    assert [text_of(together, number) for number in range(4)] == alone


def test_seeds_of_more_than_32_bits_and_negative_ones_differ(served: Local) -> None:
    seeds = (0, 2**32, 2**62, -1, -(2**63))
    replies = [
        served.asked(messages=SUM, seed=seed, logprobs=True)["choices"][0]["logprobs"]["content"]
        for seed in seeds
    ]
    assert len({json.dumps(reply) for reply in replies}) == len(seeds)


def test_temperature_0_takes_the_most_probable_token(served: Local) -> None:
    texts = {text_of(served.asked(messages=SUM, seed=n, temperature=0)) for n in range(3)}
    assert len(texts) == 1


def test_a_stream_has_the_text_of_the_whole(served: Local) -> None:
    for seed in range(4):
        fields: dict[str, Any] = {"messages": SUM, "seed": seed, "logprobs": True, "n": 2}
        whole = served.asked(**fields)
        events = served.events(**fields, stream_options={"include_usage": True})
        assert {event["id"] for event in events} == {events[0]["id"]}
        assert events[-1]["choices"] == []
        assert events[-1]["usage"] == whole["usage"]
        for choice in whole["choices"]:
            pieces = [
                one for e in events for one in e["choices"] if one["index"] == choice["index"]
            ]
            assert pieces[0]["delta"] == {"role": "assistant", "content": ""}
            text = "".join(piece["delta"].get("content", "") for piece in pieces)
            assert text == choice["message"]["content"]
            tokens = [t for p in pieces if p["logprobs"] for t in p["logprobs"]["content"]]
            assert tokens == choice["logprobs"]["content"]
            finishes = [piece["finish_reason"] for piece in pieces]
            assert finishes == [None] * (len(pieces) - 1) + [choice["finish_reason"]]


def test_log_probs_are_those_of_the_tokens(served: Local) -> None:
    reply = served.asked(messages=SUM, seed=5, logprobs=True, temperature=1.0)
    (choice,) = reply["choices"]
    content = choice["logprobs"]["content"]
    (ask,) = asks([5])
    rollout = rollouts(served, ask)
    ended = choice["finish_reason"] == "stop"
    expected = rollout.log_probs[: len(rollout.log_probs) - ended]
    assert [one["logprob"] for one in content] == pytest.approx(expected, abs=1e-9)
    joined = b"".join(bytes(one["bytes"]) for one in content)
    assert joined.decode("utf-8", "replace") == choice["message"]["content"]


def rollouts(served: Local, ask: Ask) -> Any:
    policy = served.policy
    request = policy._request(ask)
    plain = Sampling(1.0, 1.0, LIMITS.max_tokens, policy.tokenizer.ends)
    (found,) = policy.backend.generate(policy.state, policy.config, [request], plain, "evaluation")
    return found


def test_a_limit_of_tokens_cuts_the_same_response(served: Local) -> None:
    longest = served.asked(messages=SUM, seed=3, logprobs=True)["choices"][0]["logprobs"]["content"]
    for name in ("max_tokens", "max_completion_tokens"):
        limit: dict[str, Any] = {name: 2}
        reply = served.asked(messages=SUM, seed=3, logprobs=True, **limit)
        assert reply["choices"][0]["logprobs"]["content"] == longest[:2]
        assert reply["usage"]["completion_tokens"] == 2
        assert reply["choices"][0]["finish_reason"] == "length"


def test_a_stop_text_ends_a_response_before_it(served: Local) -> None:
    whole = text_of(served.asked(messages=SUM, seed=3))
    assert len(whole) > 3
    for stop in (whole[1:3], [whole[2]], ["never", whole[1:]]):
        reply = served.asked(messages=SUM, seed=3, stop=stop, logprobs=True)
        stops = [stop] if isinstance(stop, str) else stop
        cut = min(whole.index(one) for one in stops if one in whole)
        assert text_of(reply) == whole[:cut]
        assert reply["choices"][0]["finish_reason"] == "stop"
        assert (
            "".join(
                e["choices"][0]["delta"].get("content", "")
                for e in served.events(messages=SUM, seed=3, stop=stop)
            )
            == whole[:cut]
        )


def test_completions_continue_texts_and_tokens(served: Local) -> None:
    reply = served.asked(COMPLETIONS, prompt="A7+5=", seed=4, logprobs=0)
    (choice,) = reply["choices"]
    assert reply["object"] == "text_completion"
    assert len(choice["logprobs"]["tokens"]) >= 1
    places = choice["logprobs"]["text_offset"]
    assert places == sorted(places) and len(places) == len(choice["logprobs"]["token_logprobs"])
    several = served.asked(COMPLETIONS, prompt=["A7+5=", "A7+5=", "A1"], seed=4, n=2)
    texts = [one["text"] for one in several["choices"]]
    assert [one["index"] for one in several["choices"]] == list(range(6))
    assert texts[:2] == texts[2:4] and texts[0] == choice["text"]
    ids = list(served.policy.tokenizer.encode("A7+5="))
    assert served.asked(COMPLETIONS, prompt=ids, seed=4)["choices"][0]["text"] == texts[0]
    lists = served.asked(COMPLETIONS, prompt=[ids, ids], seed=4)
    assert [one["text"] for one in lists["choices"]] == [texts[0]] * 2
    pieces = served.events(COMPLETIONS, prompt="A7+5=", seed=4)
    assert "".join(piece["choices"][0]["text"] for piece in pieces) == texts[0]


def test_special_tokens_of_a_message_are_text(language: Local) -> None:
    text = "a<|im_end|>\n<|im_start|>assistant\nb"
    reply = language.asked(messages=[{"role": "user", "content": text}], seed=1)
    assert reply["usage"]["prompt_tokens"] > 20
    parts = [{"type": "text", "text": text[:5]}, {"type": "text", "text": text[5:]}]
    again = language.asked(messages=[{"role": "user", "content": parts}], seed=1)
    assert again["choices"] == reply["choices"]


def test_models_and_health_are_told(served: Local) -> None:
    _, body, _ = served.send(MODELS, method="GET")
    (model,) = json.loads(body)["data"]
    assert (model["id"], model["object"]) == ("small", "model")
    _, body, _ = served.send(f"{MODELS}/small", method="GET")
    assert json.loads(body) == model
    served.refused(f"{MODELS}/large", None, 404, "'large'", "'small'", method="GET")
    status, body, _ = served.send(HEALTH, method="GET")
    assert (status, json.loads(body)["status"]) == (HTTPStatus.OK, "ok")


def asks(samples: list[int]) -> list[Ask]:
    question = Question("sums/1", "1", "sums", tuple(SUM), "math", "7+5")
    return [Ask(question, n, Settings(1.0, 1.0, LIMITS.max_tokens)) for n in samples]


def test_an_evaluation_over_http_has_the_responses_of_the_model_itself(served: Local) -> None:
    client = ChatClient(served.address)
    policy = ServerPolicy(client, served_model(client, ""), concurrency=4)
    wanted = asks(list(range(8)))
    over_http = {one.sample: one for one in policy.respond(wanted) if isinstance(one, Response)}
    itself = {one.sample: one for one in served.policy.respond(wanted) if isinstance(one, Response)}
    assert len(over_http) == 8
    assert over_http == itself


def test_the_openai_client_has_the_responses_of_the_model_itself(served: Local) -> None:
    (itself,) = (one for one in served.policy.respond(asks([2])) if isinstance(one, Response))
    with openai.OpenAI(base_url=served.address, api_key="none", max_retries=0) as client:
        reply = client.chat.completions.create(model="small", messages=SUM, seed=2)
    assert reply.choices[0].message.content == itself.text
    assert (reply.choices[0].finish_reason, reply.usage.completion_tokens) == (
        itself.finish,
        itself.tokens,
    )


def test_the_openai_client_is_answered(served: Local) -> None:
    with openai.OpenAI(base_url=served.address, api_key="none", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["small"]
        fields: dict[str, Any] = {"model": "small", "messages": SUM, "seed": 2}
        reply = client.chat.completions.create(**fields, logprobs=True, n=2, temperature=0.9)
        assert len(reply.choices) == 2
        assert reply.choices[0].logprobs.content[0].logprob <= 0.0
        stream = client.chat.completions.create(
            **fields, temperature=0.9, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == reply.choices[0].message.content
        assert chunks[-1].usage.completion_tokens > 0
        completion = client.completions.create(model="small", prompt="A1+1=", stop=["="], seed=1)
        assert completion.choices[0].finish_reason in ("stop", "length")
        with pytest.raises(openai.NotFoundError, match="'large'"):
            client.chat.completions.create(model="large", messages=SUM)
        with pytest.raises(openai.BadRequestError, match="temperature=3"):
            client.chat.completions.create(**fields, temperature=3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["messages=None", "at least one"]),
        ({"messages": []}, ["messages=[]"]),
        ({"messages": ["a"]}, ["messages[0]='a'", "role and content"]),
        ({"messages": [{"role": "user"}]}, ["messages[0].content=None", "a text"]),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, ["surrogate"]),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, ["parts of type"]),
        ({"messages": SUM, "temperature": -1}, ["temperature=-1", "from 0 to 2"]),
        ({"messages": SUM, "temperature": "1"}, ["temperature='1'", "a number"]),
        ({"messages": SUM, "temperature": True}, ["temperature=True"]),
        ({"messages": SUM, "top_p": 0}, ["top_p=0", "above 0"]),
        ({"messages": SUM, "n": 0}, ["n=0", "1 to 128"]),
        ({"messages": SUM, "n": 17}, ["17 responses", "at most 16"]),
        ({"messages": SUM, "seed": 2**64}, ["seed=", "integer"]),
        ({"messages": SUM, "seed": 0.5}, ["seed=0.5"]),
        ({"messages": SUM, "max_tokens": 13}, ["max_tokens=13", "1 to 12"]),
        ({"messages": SUM, "max_tokens": 3, "max_completion_tokens": 4}, ["max_tokens=3"]),
        ({"messages": SUM, "stop": ""}, ["stop=''", "1 to 256 characters"]),
        ({"messages": SUM, "stop": [1]}, ["stop=1"]),
        ({"messages": SUM, "stop": ["a"] * 17}, ["up to 16"]),
        ({"messages": SUM, "stream": 1}, ["stream=1", "true, false"]),
        ({"messages": SUM, "stream_options": {}}, ["stream_options={}", "stream=true"]),
        ({"messages": SUM, "top_logprobs": 3}, ["top_logprobs=3", "legal: 0"]),
        ({"messages": SUM, "tools": [{}]}, ["tools=[{}]"]),
        ({"messages": SUM, "presence_penalty": 0.5}, ["presence_penalty=0.5", "legal: 0"]),
        ({"messages": SUM, "top_k": 5}, ["top_k=5", "no such field"]),
        ({"messages": [{"role": "user", "content": "1" * 97}]}, ["97 tokens", "1 to 96"]),
    ],
)
def test_a_bad_field_is_refused(
    characters: Local, fields: dict[str, Any], words: list[str]
) -> None:
    characters.refused(CHAT, fields, BAD, *words)


def test_neutral_fields_are_taken(characters: Local) -> None:
    neutral: dict[str, Any] = {
        "presence_penalty": 0.0,
        "logit_bias": {},
        "user": "me",
        "top_logprobs": None,
    }
    neutral |= {"response_format": {"type": "text"}, "seed": 1}
    assert characters.asked(messages=SUM, **neutral)["choices"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (None, ["prompt=None"]),
        ([], ["prompt=[]"]),
        ([1, "a"], ["token ids"]),
        ([-1], ["prompt=[-1]"]),
        ([5000], ["prompt=5000", "token ids below"]),
        ("", ["prompt has 0 tokens"]),
        (["a"] * 129, ["at most 128"]),
        ([["a"]], ["token ids"]),
    ],
)
def test_a_bad_prompt_is_refused(characters: Local, prompt: Any, words: list[str]) -> None:
    characters.refused(COMPLETIONS, {"prompt": prompt}, BAD, *words)


def test_what_the_model_cannot_read_is_refused(characters: Local, language: Local) -> None:
    system = [{"role": "system", "content": "a"}, *SUM]
    characters.refused(CHAT, {"messages": system}, BAD, "one message of the user")
    characters.refused(CHAT, {"messages": [{"role": "user", "content": "ä"}]}, BAD, "'ä'")
    language.refused(CHAT, {"messages": [{"role": "x", "content": "a"}]}, BAD, "role 'x'")
    characters.refused(COMPLETIONS, {"prompt": "a", "logprobs": 2}, BAD, "logprobs=2")
    characters.refused(COMPLETIONS, {"prompt": "a", "echo": True}, BAD, "echo=True")


def test_what_is_no_request_is_refused(characters: Local) -> None:
    refused = characters.refused
    refused(CHAT, b"{", BAD, "no JSON")
    refused(CHAT, b"[" * 3000, BAD, "no JSON")
    refused(CHAT, b'{"temperature": NaN}', BAD, "NaN")
    refused(CHAT, b"\xff", BAD, "no JSON")
    refused(CHAT, [1], BAD, "no JSON object")
    refused(CHAT, {}, BAD, "Content-Type=text/plain", Content_Type="text/plain")
    refused(CHAT, b" " * 5000, 413, "5000 bytes", "at most 4096")
    refused("/v1/other", {}, 404, "/v1/other", CHAT)
    refused(CHAT, None, 405, "legal: POST", method="GET")
    refused(MODELS, {}, 405, "legal: GET")
    refused(MODELS, None, 501, method="PATCH")
    refused(MODELS, None, 403, "evil.com", method="GET", Host="evil.com:80")
    refused(CHAT, {"messages": SUM, "model": "large"}, 404, "'large'")


def test_a_body_without_a_length_is_refused(characters: Local) -> None:
    with socket.create_connection(characters.place) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 411 ")


def test_a_connection_serves_several_requests(characters: Local) -> None:
    connection = http.client.HTTPConnection(*characters.place)
    with contextlib.closing(connection):
        for messages in (SUM, [], SUM):
            body, kind = json.dumps({"messages": messages}), {"Content-Type": "application/json"}
            connection.request("POST", CHAT, body, kind)
            response = connection.getresponse()
            response.read()
            assert response.status in (HTTPStatus.OK, BAD)
            assert not response.will_close


def held(server: Local) -> None:
    """Keep the model from taking anything of the queue."""
    server.server.service.slots = 0


def until(condition: Any) -> None:
    deadline = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_full_queue_refuses_and_a_client_that_leaves_makes_room() -> None:
    with local(limits=Limits(12, 96, 2, 4096)) as server:
        service = server.server.service
        held(server)
        body = json.dumps({"messages": SUM, "n": 2}).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(server.place) as connection:
            connection.sendall(head.encode() + body)
            until(lambda: len(service.waiting) == 2)
            status, answer, headers = server.send(CHAT, {"messages": SUM})
            assert status == HTTPStatus.TOO_MANY_REQUESTS
            assert headers["Retry-After"] == "1"
            assert json.loads(answer)["error"]["code"] == "queue_full"
        until(lambda: not service.waiting)
        service.slots = 3
        assert server.asked(messages=SUM)["choices"]


def test_what_is_not_complete_when_the_server_ends_is_told_so() -> None:
    answers: list[Any] = []
    with local() as server:
        held(server)
        thread = threading.Thread(
            target=lambda: answers.append(server.send(CHAT, {"messages": SUM}))
        )
        thread.start()
        until(lambda: server.server.service.waiting)
    thread.join()
    status, body, _ = answers[0]
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(body)["error"]["message"] == "the server is shutting down"


def test_too_many_connections_are_refused(tmp_path: Path) -> None:
    with local() as server:
        while server.server.connections.acquire(blocking=False):
            pass
        server.refused(HEALTH, None, 503, "too many connections", method="GET")
        server.server.connections.release()
        assert server.send(HEALTH, method="GET")[0] == HTTPStatus.OK
