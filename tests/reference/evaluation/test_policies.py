"""Properties of a server as the policy of an evaluation."""

import threading
import time
from typing import Any

import pytest

from seed.reference.evaluation.policies import (
    FAILURES_IN_A_ROW,
    Ask,
    Failure,
    Response,
    ServerPolicy,
    Settings,
    request_id,
    served_model,
)
from seed.reference.rewards.chat_client import ChatClient
from seed.spec.errors import SeedError
from tests.support.evaluations import ChatServer, chat_server, completion, question

SETTINGS = Settings(temperature=0.5, top_p=0.9, max_tokens=64, seed=10)


def asks(count: int) -> list[Ask]:
    return [Ask(question(f"q{n}"), sample, SETTINGS) for n in range(count) for sample in (0, 1)]


def policy(server: ChatServer, concurrency: int = 4, key: str = "") -> ServerPolicy:
    client = ChatClient(server.url, key, timeout=5.0, attempts=3, pause=0.001)
    return ServerPolicy(client, "tiny", concurrency)


def test_a_server_is_sent_messages_sampling_and_a_seed_of_each_sample() -> None:
    with chat_server() as server:
        (response,) = policy(server, key="sk-secret").respond([asks(1)[1]])
    assert server.requests == [
        {
            "model": "tiny",
            "messages": [{"role": "user", "content": "q0: 1 + 1?"}],
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 64,
            "seed": 11,
        }
    ]
    assert server.keys == ["Bearer sk-secret"]
    assert response == Response("sums/q0", 1, "\\boxed{2}", "stop", 7)
    assert "sk-secret" not in str(policy(server, key="sk-secret").record())


def test_every_request_is_answered_once_and_no_more_than_the_limit_at_a_time() -> None:
    lock, at_once, most = threading.Lock(), [0], [0]

    def answer(body: dict[str, Any]) -> Any:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.01)
        with lock:
            at_once[0] -= 1
        return completion(body["messages"][0]["content"])

    with chat_server() as server:
        server.answer = answer
        responses = list(policy(server, concurrency=3).respond(asks(8)))
    assert 1 < most[0] <= 3
    assert sorted(one.name for one in responses) == sorted(  # type: ignore[union-attr]
        (ask.question.key, ask.sample) for ask in asks(8)
    )
    for response in responses:
        assert isinstance(response, Response)
        assert response.text == f"{response.key.removeprefix('sums/')}: 1 + 1?"


def test_429_and_5xx_are_tried_again_and_another_status_is_a_failure_with_its_reason() -> None:
    with chat_server() as server:
        server.answer = lambda body: (429 if len(server.requests) % 2 else 503, {})
        failed = list(policy(server).respond(asks(1)[:1]))
        assert len(server.requests) == 3
        server.answer = lambda body: completion("yes") if len(server.requests) > 4 else (503, {})
        (response,) = policy(server).respond(asks(1)[:1])
        server.answer = lambda body: (400, {"error": {"message": "too long a prompt"}})
        (refused,) = policy(server).respond(asks(1)[:1])
    assert isinstance(failed[0], Failure) and "3 attempts" in failed[0].why
    assert isinstance(response, Response) and response.text == "yes"
    assert isinstance(refused, Failure) and "too long a prompt" in refused.why
    assert len(server.requests) == 6


def test_a_server_that_refuses_everything_ends_the_evaluation() -> None:
    with chat_server() as server:
        server.answer = lambda body: (401, {"error": {"message": "wrong key"}})
        with pytest.raises(SeedError, match=f"{FAILURES_IN_A_ROW} requests in a row.*wrong key"):
            list(policy(server, concurrency=2).respond(asks(50)))
    assert len(server.requests) < 2 * FAILURES_IN_A_ROW


def test_reasoning_that_a_server_keeps_apart_is_kept_and_is_not_the_text() -> None:
    with chat_server() as server:
        message = {"content": "2", "reasoning_content": "one and one"}
        choice = {"message": message, "finish_reason": "length"}
        server.answer = lambda body: (200, {"choices": [choice]})
        (response,) = policy(server).respond(asks(1)[:1])
    assert isinstance(response, Response)
    assert (response.text, response.reasoning, response.tokens) == ("2", "one and one", None)
    assert response.truncated is True


def test_the_only_model_of_a_server_is_taken_and_several_are_listed() -> None:
    with chat_server() as server:
        client = policy(server).client
        assert served_model(client, "") == "tiny"
        assert served_model(client, "other") == "other"
        server.models = ("a", "b")
        with pytest.raises(SeedError, match=r"--model must be one of .*: a, b"):
            served_model(client, "")
    with pytest.raises(SeedError, match="no reply from the server"):
        served_model(client, "")


def test_equal_messages_are_the_same_request() -> None:
    first = question("a").messages
    assert request_id(first) == request_id(question("a").messages)
    assert request_id(first) != request_id(question("b").messages)
