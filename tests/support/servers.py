"""A server in this process, with a small model of random weights."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from seed.reference.backend import ReferenceBackend
from seed.reference.evaluation.model_policy import ModelPolicy
from seed.reference.serving.http_server import CHAT, Server
from seed.reference.serving.requests import Limits
from seed.reference.serving.service import Service
from seed.reference.serving.texts import texts_of
from seed.reference.tasks.task import tokenizer_of
from seed.spec.config_files import load_config
from tests.support.small_models import SMALL_MODEL

LIMITS = Limits(max_tokens=12, max_prompt_tokens=96, queue=16, body_bytes=4096)
VOCABULARY = 402
"""Tokens of ``tiny_tokenizers.chat_folder``."""


@dataclass(frozen=True)
class Local:
    """A server, and the model behind it."""

    server: Server
    policy: ModelPolicy[Any]

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self.server.server_port

    @property
    def address(self) -> str:
        """Where its API begins."""
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def send(
        self, path: str, body: Any = None, method: str = "POST", **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send a request: status, body and headers of the reply."""
        connection = http.client.HTTPConnection(*self.place, timeout=60)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, path, content, {"Content-Type": "application/json"} | named)
            response = connection.getresponse()
            return response.status, response.read(), response.headers

    def asked(self, path: str = CHAT, **fields: Any) -> dict[str, Any]:
        """The reply to a request that succeeds."""
        status, body, _ = self.send(path, fields)
        assert status == HTTPStatus.OK, body
        reply: dict[str, Any] = json.loads(body)
        return reply

    def refused(self, path: str, body: Any, status: int, *words: str, **options: Any) -> None:
        """A request that is refused with an error that holds these words."""
        got, answer, headers = self.send(path, body, **options)
        assert got == status, answer
        assert headers["Content-Type"] == "application/json"
        error = json.loads(answer)["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert "\n" not in error["message"]
        for word in words:
            assert word in error["message"]

    def events(self, path: str = CHAT, **fields: Any) -> list[Any]:
        """The events of a stream that ends as it should."""
        status, body, headers = self.send(path, fields | {"stream": True})
        assert status == HTTPStatus.OK, body
        assert headers["Content-Type"].startswith("text/event-stream")
        lines = body.decode().split("\n\n")
        assert all(line.startswith("data: ") for line in lines[:-1])
        assert lines[-2:] == ["data: [DONE]", ""]
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


@contextlib.contextmanager
def local(folder: Path | None = None, slots: int = 3, limits: Limits = LIMITS) -> Iterator[Local]:
    """Serve a model of characters, or of the tokenizer in a folder."""
    settings = [*SMALL_MODEL, f"rollout.max_response_tokens={limits.max_tokens}"]
    if folder is not None:
        settings += [f"tokenizer.path={folder}", f"model.vocabulary={VOCABULARY}"]
        settings += ["tokenizer.ends=[2]"]
    config, backend = load_config("tiny", "grpo", settings), ReferenceBackend()
    state, tokenizer = backend.initial_state(config), tokenizer_of(config)
    policy = ModelPolicy(backend, state, config, tokenizer, {})
    service = Service(backend, state, config, texts_of(tokenizer), limits, slots)
    server = Server(("127.0.0.1", 0), service, "small")
    threads = [threading.Thread(target=one) for one in (service.run, server.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        yield Local(server, policy)
    finally:
        service.stop()
        server.end()
        for thread in threads:
            thread.join()
