"""Small evaluations for tests: problems, responses, and a server that answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from seed.reference.evaluation.questions import Question

Reply = tuple[int, Any]
"""Status and JSON of a reply."""


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def sums(path: Path, count: int = 3) -> Path:
    """A file of sums: n + n = 2 n, ids s1, s2, ..."""
    return write_lines(
        path,
        [
            {"id": f"s{n}", "problem": f"What is {n} + {n}?", "answer": str(2 * n)}
            for n in range(1, count + 1)
        ],
    )


def question(name: str = "one", benchmark: str = "sums", **more: Any) -> Question:
    """A problem of mathematics, 1 + 1."""
    fields: dict[str, Any] = {
        "key": f"{benchmark}/{name}",
        "id": name,
        "benchmark": benchmark,
        "messages": ({"role": "user", "content": f"{name}: 1 + 1?"},),
        "domain": "math",
        "problem": "1 + 1?",
        "reference": "2",
    }
    return Question(**(fields | more))


def completion(text: str | None, finish: str = "stop", tokens: int | None = 7) -> Reply:
    """A chat completion."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return 200, {"choices": [choice], "usage": {"completion_tokens": tokens}}


@dataclass
class ChatServer:
    """What a server was sent, and what it answers.

    Attributes:
        url: Base of the API.
        answer: Reply to the body of a request; called in the server's threads.
        requests: Bodies of the requests so far.
        keys: Their Authorization headers.
        models: What it lists.
    """

    url: str = ""
    answer: Callable[[dict[str, Any]], Reply] = lambda body: completion("\\boxed{2}")
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    models: tuple[str, ...] = ("tiny",)


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A server on this machine, for as long as the block lasts."""
    state = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(200, {"data": [{"id": name} for name in state.models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(body)
            state.keys.append(self.headers.get("Authorization"))
            self.reply(*state.answer(body))

        def reply(self, status: int, content: Any) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_port}/v1"
    try:
        yield state
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
