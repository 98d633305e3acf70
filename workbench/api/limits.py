"""Rate limits: how many requests one user, one address or one account may send to one route."""

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from redis.asyncio import ConnectionPool

from workbench.api.memory import Memory
from workbench.errors import Invalid, TooMany, Unavailable

EVERY = "default"
LOGIN = "login"
ACCOUNT = "account"
MAIL = "mail"
RECIPIENT = "recipient"
ADDRESS_SHARE = 6  # an office signs in from one address


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands under a limit, as the headers of the IETF draft write it."""

    name: str
    quota: int
    window: int
    remaining: int
    reset: int

    @property
    def policy(self) -> str:
        """The value of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.quota};w={self.window}'

    @property
    def now(self) -> str:
        """The value of `RateLimit`."""
        return f'"{self.name}";r={self.remaining};t={self.reset}'


class Limiter:
    """Counts requests in memory, or in Redis so that many processes share one count."""

    def __init__(self, url: str, *, every: str, login: str, mail: str = "20/hour") -> None:
        """Read the limits, written as `600/minute`, and open the storage that the URL names."""
        account = _parsed(login)
        self.items: dict[str, RateLimitItem] = {
            EVERY: _parsed(every),
            ACCOUNT: account,
            LOGIN: type(account)(account.amount * ADDRESS_SHARE, account.multiples),
            MAIL: _parsed(mail),
            RECIPIENT: _parsed(mail),
        }
        self._pool = _pool(url)
        self._limiter = SlidingWindowCounterRateLimiter(_storage(url, self._pool))

    async def close(self) -> None:
        """Give back the connections to Redis, if there are any."""
        if self._pool is not None:
            await self._pool.aclose()

    async def hit(self, name: str, *who: str) -> Standing:
        """Count one request; raise TooMany with the seconds to wait when it is one too many."""
        item = self.items[name]
        is_let_in = await self._limiter.hit(item, name, *who)
        stats = await self._limiter.get_window_stats(item, name, *who)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        standing = Standing(name, item.amount, item.get_expiry(), stats.remaining, wait)
        if not is_let_in:
            raise OverLimit(standing)
        return standing

    async def forget(self, name: str, *who: str) -> None:
        """Begin to count anew."""
        await self._limiter.clear(self.items[name], name, *who)


class OverLimit(TooMany):
    """Too many requests; try again later."""

    def __init__(self, standing: Standing) -> None:
        """Tell where the caller stands."""
        super().__init__(retry_after=standing.reset)
        self.standing = standing


def account(email: str) -> str:
    """The name under which the log-ins of an account are counted, without the address itself."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _parsed(text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no rate limit; write it as 600/minute.") from error


def _pool(url: str) -> ConnectionPool | None:
    """Connections of our own, since the storage closes none of those that it makes."""
    if not url.startswith("redis"):
        return None
    return ConnectionPool.from_url(url.removeprefix("redis+"))


def _storage(url: str, pool: ConnectionPool | None) -> Storage:
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return Memory()
    options: dict[str, Any] = (
        {} if pool is None else {"implementation": "redispy", "connection_pool": pool}
    )
    try:
        storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
    except ConfigurationError as error:
        raise Invalid(f"Rate limits cannot be counted in {scheme}://.") from error
    if not isinstance(storage, Storage):
        raise Unavailable(f"Rate limits cannot be counted in {scheme}://.")
    return storage
