"""``seed serve``: a model behind the OpenAI protocol."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seed.cli.options import PATH
from seed.cli.user_errors import Command
from seed.spec.errors import Reason, SeedError

if TYPE_CHECKING:
    from seed.reference.evaluation.model_policy import ModelPolicy
    from seed.reference.serving.http_server import Server
    from seed.reference.serving.requests import Limits
    from seed.reference.serving.service import Service

MOST_SLOTS = 32
"""Responses side by side if nothing else is said and memory allows."""
MOST_TOKENS = 1024
"""Tokens of a prompt, and of a response, if nothing else is said and the model allows more."""


@click.command(cls=Command)
@click.argument("model", type=PATH, metavar="RUN|CHECKPOINT|MODEL_FOLDER")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 = any that is free.",
)
@click.option("--name", help="Name of the model for clients.  [default: that of its folder]")
@click.option("--slots", type=click.IntRange(1), help="Responses side by side.")
@click.option(
    "--queue",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="Responses that may wait for a slot; more get status 429.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    help="Most tokens of a response.  [default: as in the run, up to 1024]",
)
@click.option(
    "--max-prompt-tokens",
    type=click.IntRange(1),
    help="Most tokens of a prompt.  [default: as in the run; of a folder up to 1024]",
)
@click.option(
    "--max-body",
    type=click.IntRange(1),
    default=4 << 20,
    show_default=True,
    help="Most bytes of a request; more get status 413.",
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting, such as seed."
)
def serve(model: Path, overrides: tuple[str, ...], **options: Any) -> None:
    """Serve a model with the OpenAI protocol: chat and completions, whole or streamed.

    All requests share one continuous batch. The same seed gives the same response, whatever else
    is in the batch. docs/serving.md lists the fields. There is no key: whoever reaches the address
    may ask.
    """
    from seed.cli.evaluate_model import opened_model

    opening = {"concurrency": options["slots"], "max_tokens": options["max_tokens"]}
    with opened_model(model, overrides, opening) as policy:
        limits = limits_of(policy, options)
        service = service_of(policy, limits, options["slots"])
        if not policy.is_main_process:
            with interruptions_end(service):
                service.run()
            return
        server = listening(service, options, options["name"] or name_of(model))
        click.echo(summary(server))
        answer(server)
        click.echo("ended")


def limits_of(policy: "ModelPolicy[Any]", options: dict[str, Any]) -> "Limits":
    """What requests may ask for: the options, else what the model's run had, and not too much."""
    from seed.reference.serving.requests import Limits

    usual = min(policy.most_tokens, MOST_TOKENS)
    prompt = max(policy.config.data.max_prompt_tokens, usual)
    return Limits(
        max_tokens=options["max_tokens"] or usual,
        max_prompt_tokens=options["max_prompt_tokens"] or prompt,
        queue=options["queue"],
        body_bytes=options["max_body"],
    )


def service_of(policy: "ModelPolicy[Any]", limits: "Limits", slots: int | None) -> "Service[Any]":
    """The service of a model."""
    from seed.cli.evaluate_model import decoded_together
    from seed.reference.serving.service import Service
    from seed.reference.serving.texts import texts_of

    config = policy.config
    data = config.data.model_copy(update={"max_prompt_tokens": limits.max_prompt_tokens})
    rollout = config.rollout.model_copy(update={"max_response_tokens": limits.max_tokens})
    config = config.model_copy(update={"data": data, "rollout": rollout})
    slots = slots or min(MOST_SLOTS, decoded_together(config))
    return Service(policy.backend, policy.state, config, texts_of(policy.tokenizer), limits, slots)


def name_of(model: Path) -> str:
    """The name of a run or folder; of a checkpoint that of its run and its own."""
    path = model.resolve()
    return f"{path.parents[1].name}/{path.name}" if path.parent.name == "checkpoints" else path.name


def listening(service: "Service[Any]", options: dict[str, Any], name: str) -> "Server":
    """A server that listens.

    Raises:
        SeedError: ILLEGAL_VALUE: the address cannot be had.
    """
    from seed.reference.serving.http_server import Server

    host, port = options["host"], options["port"]
    try:
        return Server((host, port), service, name)
    except OSError as error:
        line = f"--host {host} --port {port}: {error.strerror or error}; legal: a free address"
        raise SeedError(Reason.ILLEGAL_VALUE, line) from None


def summary(server: "Server") -> str:
    """Where the server listens, and its limits."""
    service, limits = server.service, server.service.limits
    host = f"[{server.server_name}]" if ":" in server.server_name else server.server_name
    return (
        f"{server.model} at http://{host}:{server.server_port}/v1 (Ctrl-C ends it)\n"
        f"{service.slots} responses side by side, {limits.queue} may wait; at most"
        f" {limits.max_prompt_tokens} tokens of prompt and {limits.max_tokens} of response"
    )


def answer(server: "Server") -> None:
    """Answer until Ctrl-C: the model computes in this thread, connections have theirs."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with interruptions_end(server.service):
            server.service.run()
    finally:
        server.end()


@contextlib.contextmanager
def interruptions_end(service: "Service[Any]") -> Iterator[None]:
    """Ctrl-C ends a service between two blocks of tokens; a second one ends the process.

    All ranks of a job leave the same loop together: rank 0 tells them.
    """

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        service.stop()

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
