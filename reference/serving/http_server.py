"""The server's HTTP: paths, limits, errors as JSON, streams as server-sent events.

    GET  /health                  what the server is doing
    GET  /v1/models, /v1/models/NAME
    POST /v1/chat/completions, /v1/completions

Bodies must be JSON of a declared length: a page in a browser cannot send that to another origin
without asking first. A stream ends with ``data: [DONE]`` and the end of the connection. When a
client goes away, its responses are not drawn any further.
"""

import contextlib
import ipaddress
import json
import queue
import secrets
import selectors
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from seed.reference.serving.replies import Reply
from seed.reference.serving.request_error import RequestError
from seed.reference.serving.requests import read_request
from seed.reference.serving.service import Choice, Service, Update

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
MODELS, HEALTH = "/v1/models", "/health"
READ_SECONDS = 30.0
"""Most time between two bytes of a request, and to the next request of a connection."""
LOOK_SECONDS = 0.25
"""How often a thread that waits for tokens looks whether its client is still there."""
SPARE_CONNECTIONS = 64
"""Connections beside those of responses that run or wait."""
METHODS = {CHAT: "POST", COMPLETIONS: "POST", MODELS: "GET", HEALTH: "GET"}
JSON = "application/json"
LAST_SECONDS = 2.0
"""How long the end of the server waits for replies that are being written."""
LOOPBACK = "127.0.0.1"
LOCAL_NAMES = ("localhost", LOOPBACK, "::1")


def _is_loopback(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return False


class Server(ThreadingHTTPServer):
    """Listens in threads of its own while the service computes.

    Attributes:
        service: Answers.
        model: Name under which its model is served.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: Service[Any], model: str) -> None:
        """Listen.

        Raises:
            OSError: The address cannot be had.
        """
        self.service, self.model = service, model
        most = service.slots + service.limits.queue + SPARE_CONNECTIONS
        self.connections = threading.BoundedSemaphore(most)
        self.answering = 0
        self.idle = threading.Condition()
        self.address_family, _, _, _, found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[
            0
        ]
        self.is_local = _is_loopback(str(found[0]))
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the base class does."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)

    def end(self) -> None:
        """Stop listening, and give replies that are being written a moment."""
        self.shutdown()
        self.server_close()
        with self.idle:
            self.idle.wait_for(lambda: not self.answering, LAST_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or refuse it if there are too many."""
        if self.connections.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        fault = RequestError(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections")
        body = json.dumps(fault.as_json()).encode()
        head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {JSON}\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            request.sendall(head.encode() + body)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request while it is answered."""
        with self.idle:
            self.answering += 1
        try:
            yield
        finally:
            with self.idle:
                self.answering -= 1
                self.idle.notify()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "seed"
    sys_version = ""
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        """Health and models."""
        with self.server.counted():
            self._answer("GET")

    def do_POST(self) -> None:
        """Completions."""
        with self.server.counted():
            self._answer("POST")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: an evaluation sends thousands of requests."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """An error of the protocol itself, as JSON as well."""
        status = HTTPStatus(code)
        self._refuse(RequestError(status, message or explain or status.phrase))

    def _answer(self, method: str) -> None:
        self.started, self.has_read_body = False, method == "GET"
        try:
            self._check_host()
            path = self._checked_path(method)
            if path == HEALTH:
                self._health()
            elif path.startswith(MODELS):
                self._models(path)
            else:
                self._complete(is_chat=path == CHAT)
        except RequestError as fault:
            self._refuse(fault)

    def _checked_path(self, method: str) -> str:
        """The path without a query.

        Raises:
            RequestError: 404, 405.
        """
        path = urlsplit(self.path).path.rstrip("/")
        known = MODELS if path.startswith(f"{MODELS}/") else path
        if known not in METHODS:
            line = f"{path or '/'} does not exist; legal: {', '.join(METHODS)}"
            raise RequestError(HTTPStatus.NOT_FOUND, line, code="unknown_path")
        if METHODS[known] != method:
            line = f"{method} {path} is not legal; legal: {METHODS[known]}"
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, line)
        return path

    def _check_host(self) -> None:
        """Refuse what a page in a browser sends under a name that only seems to be its own.

        Raises:
            RequestError: 403.
        """
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname or LOOPBACK
        if self.server.is_local and name not in LOCAL_NAMES and not _is_loopback(name):
            line = f"Host={name} is not legal; legal: {', '.join(LOCAL_NAMES)}"
            raise RequestError(HTTPStatus.FORBIDDEN, line)

    def _health(self) -> None:
        service = self.server.service
        if service.failure is not None:
            raise service.failure
        counts = {"running": len(service.running), "waiting": len(service.waiting)}
        self._send_json(HTTPStatus.OK, {"status": "ok", **counts})

    def _models(self, path: str) -> None:
        limits = self.server.service.limits
        entry = {"id": self.server.model, "object": "model", "created": 0, "owned_by": "seed"}
        entry |= {"max_model_len": limits.max_prompt_tokens + limits.max_tokens}
        if path == MODELS:
            self._send_json(HTTPStatus.OK, {"object": "list", "data": [entry]})
        else:
            self._check_model(unquote(path.removeprefix(f"{MODELS}/")))
            self._send_json(HTTPStatus.OK, entry)

    def _check_model(self, name: str) -> None:
        """Refuse another model.

        Raises:
            RequestError: 404.
        """
        if name not in ("", self.server.model):
            line = f"model={name!r} does not exist; legal: {self.server.model!r}"
            raise RequestError(HTTPStatus.NOT_FOUND, line, "model", "model_not_found")

    def _complete(self, is_chat: bool) -> None:
        service = self.server.service
        wanted = read_request(self._body(), is_chat, service.limits)
        self._check_model(wanted.model)
        if wanted.seed is None:
            wanted = replace(wanted, seed=secrets.randbits(63))
        choices = service.submit(wanted)
        try:
            first_of_prompts = choices[:: wanted.choices]
            tokens = sum(len(choice.request.prompt_tokens) for choice in first_of_prompts)
            reply = Reply(wanted, self.server.model, tokens, service.texts)
            if wanted.streams:
                self._stream(reply, choices)
            else:
                whole = [list(self._updates([choice])) for choice in choices]
                updates = [[update for _, update in one] for one in whole]
                self._send_json(HTTPStatus.OK, reply.whole(updates))
        finally:
            service.cancel(choices)

    def _body(self) -> bytes:
        """The body of a request.

        Raises:
            RequestError: 400, 411, 413.
        """
        kind = self.headers.get_content_type()
        if kind != JSON:
            line = f"Content-Type={kind} is not legal; legal: {JSON}"
            raise RequestError(HTTPStatus.BAD_REQUEST, line)
        length, most = self.headers.get("Content-Length", ""), self.server.service.limits.body_bytes
        if not (length.isascii() and length.isdigit()):
            line = "Content-Length is missing; legal: the number of bytes of the body"
            raise RequestError(HTTPStatus.LENGTH_REQUIRED, line)
        if len(length) > 18 or int(length) > most:
            line = f"the body has {length[:18]} bytes; legal: at most {most}"
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, line)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError("the body ended early")
        self.has_read_body = True
        return body

    def _updates(self, choices: Sequence[Choice]) -> Iterator[tuple[int, Update]]:
        """What comes of some choices, with their numbers, to the end of all.

        Raises:
            RequestError: There will be no more.
            ConnectionError: The client has gone.
        """
        unfinished = dict(enumerate(choices))
        while unfinished:
            for number, choice in list(unfinished.items()):
                try:
                    # With several choices none may keep the others waiting.
                    update = choice.updates.get(timeout=LOOK_SECONDS / len(unfinished))
                except queue.Empty:
                    self._check_client()
                    continue
                if update.failure is not None:
                    raise update.failure
                yield number, update
                if update.finish:
                    del unfinished[number]

    def _check_client(self) -> None:
        """Find out whether the client still listens.

        Raises:
            ConnectionError: It does not.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            readable = selector.select(0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionError("the client has gone")

    def _stream(self, reply: Reply, choices: Sequence[Choice]) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.started = True
        drawn = dict.fromkeys(range(len(choices)), 0)
        for number in drawn if reply.wanted.is_chat else ():
            self._event(reply.opening(number))
        for number, update in self._updates(choices):
            drawn[number] = update.drawn
            self._event(reply.piece(number, update))
        if reply.wanted.usage_at_end:
            self._event(reply.closing(sum(drawn.values())))
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, content: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(content)}\n\n".encode())
        self.wfile.flush()

    def _refuse(self, fault: RequestError) -> None:
        """Tell the client; in a stream that has begun, as its last event."""
        if getattr(self, "started", False):
            self._event(fault.as_json())
            return
        # What was not read of the body must not be taken for the next request.
        if not getattr(self, "has_read_body", False):
            self.close_connection = True
        headers = {"Retry-After": "1"} if fault.status == HTTPStatus.TOO_MANY_REQUESTS else {}
        self._send_json(fault.status, fault.as_json(), headers)

    def _send_json(
        self, status: HTTPStatus, content: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        sent = {"Content-Type": JSON, "Content-Length": str(len(body)), **(headers or {})}
        sent |= {"Connection": "close"} if self.close_connection else {}
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
