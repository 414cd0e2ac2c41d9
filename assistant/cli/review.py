"""`pennyworth review`: the log in the browser."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from assistant.cli.options import Settings, cache_dir, global_options
from assistant.cli.plans import PlanShelf
from assistant.cli.session import read_catalogue
from assistant.config import bundled_names
from assistant.errors import ConfigError
from assistant.ledger.plan_file import load_plan
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from assistant.zone import time_zone
from intents.induction import induce
from intents.match import Matcher, MatchSettings

if TYPE_CHECKING:
    from assistant.review.settings import Review

PORT = 8484


@click.command(name="review")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one."
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Another address opens it to the network."
)
@click.option("--token", envvar="PENNYWORTH_REVIEW_TOKEN", default="", help="What has to be known to enter.")
@click.option("--name", "names", multiple=True, help="A further name of this machine; may be repeated.")
@global_options
@click.pass_obj
def command(settings: Settings, /, port: int, host: str, token: str, names: tuple[str, ...]) -> int:
    """Open the log in the browser: listen to it, see what it earned (simulated), put it right. Ctrl-C ends.

    Only this machine reaches it. With --host it is open to the network, and asks for the --token (better given by the
    environment: PENNYWORTH_REVIEW_TOKEN); it goes over the network unencrypted.
    """
    from assistant.review.guard import SHORTEST_TOKEN, is_loopback

    if not is_loopback(host) and len(token) < SHORTEST_TOKEN:
        raise ConfigError(
            f"--host {host} opens the review to the network, so it needs a token of at least {SHORTEST_TOKEN} "
            "characters: "
            "set PENNYWORTH_REVIEW_TOKEN, for example to what `openssl rand -hex 16` prints"
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            # From now on a browser waits until the pages are there, and is not turned away.
            listening.listen(128)
        except OSError as error:
            raise ConfigError(
                f"cannot listen at {host} port {port}: {error.strerror}; choose another --port (0 takes a free one)"
            ) from None
        import uvicorn

        from assistant.review.server import make_datasette

        review = make_review(settings, host=host, token=token, names=frozenset(names))
        app = make_datasette(review).app()
        if not is_loopback(host):
            click.echo(
                "pennyworth: this review is open to the network, unencrypted; whoever enters needs its token",
                err=True,
            )
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"Review of {review.db}: http://{shown}:{listening.getsockname()[1]}/  Ctrl-C ends.")
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="on")
        )
        try:
            server.run([listening])
        except KeyboardInterrupt:
            click.echo("Review ended.", err=True)
    return 0


def make_review(settings: Settings, *, host: str, token: str, names: frozenset[str]) -> Review:
    """What the pages need, with the log brought up to date and sound that was kept too long deleted."""
    from assistant.review.settings import Review

    config = settings.load()
    if not settings.db_path.exists():
        # Says how to begin one.
        Store.open(settings.db_path, mode="read").close()
    # Brings an older log up to date, as every writing command does.
    Store.open(settings.db_path).close()
    AudioShelf(settings.db_path).remove_older(datetime.now(UTC), config.privacy.audio_days)
    catalogue = read_catalogue(config)
    matcher = Matcher(
        catalogue,
        MatchSettings(accept=config.understanding.accept, ask=config.understanding.ask),
        currency=load_plan(config.books.plan).currency,
        cache_dir=cache_dir(),
    )
    # What is loaded at its first use is loaded before anybody waits for it.
    matcher.explain("play some jazz please now")
    zone = time_zone(config.zone)
    shelf = PlanShelf(settings)
    plans = bundled_names("pricing")
    if config.books.plan not in plans:
        plans.insert(0, config.books.plan)
    return Review(
        db=settings.db_path,
        zone=zone,
        privacy=config.privacy,
        plan_of=shelf.plan_of,
        plans=plans,
        load_plan=load_plan,
        source=shelf.source,
        why=lambda text, expected, at: matcher.explain(text, expected=expected, now=at.astimezone(zone)),
        catalogue=catalogue.version,
        induce=partial(induce, catalogue, matcher),
        language=catalogue.language,
        intents={name: sorted(intent.slots) for name, intent in catalogue.intents.items()},
        reviewer=_user(),
        now=partial(datetime.now, UTC),
        host=host,
        token=token,
        names=names,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
