"""`workbench keys …`: change the key that signs without signing anybody out."""

from typing import Annotated

import typer

from workbench.cli import console
from workbench.cli.options import AsJson
from workbench.db import connect, rotation
from workbench.db.isolation import ActorKey
from workbench.identity.tokens import REFRESH_LIFETIME
from workbench.settings import Settings

shell = typer.Typer(help="List, rotate and retire the keys that sign.", no_args_is_help=True)
IN_THE_HOME = """\
The key {new} signs from the next start on; PostgreSQL and running processes accept both.
Restart Workbench when it suits: nobody is signed out.
When {days} days have passed since then: workbench keys retire {old}"""
GIVEN = """\
PostgreSQL accepts the new key {new} already. Nobody is signed out if you now
1. put it behind the others, WORKBENCH_SECRET_KEY=…,NEW, and restart every process;{pin}
2. put it in front, WORKBENCH_SECRET_KEY=NEW,…, and restart every process;
3. {days} days later: workbench keys retire {old}, and take the old one out of the setting.
The new key:"""
PIN = """
   set WORKBENCH_PASSWORD_KEY to the last of the present keys at the same time, since the roles'
   passwords are derived from the last one as long as this is unset;"""
RETIRED = """\
PostgreSQL refuses the key {kid} from now on. Restart every process that may still hold it: until
then that process goes on accepting the access tokens that were signed with it."""
GIVEN_RETIRED = """\
Take it out of WORKBENCH_SECRET_KEY first, or the next `workbench migrate` brings it back."""
PASSWORDS = """\
The roles' passwords were derived from it: run `workbench migrate` with the new setting, which
sets them, just before you restart."""


@shell.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the keys by their public names, the one that signs first."""
    settings = Settings()
    with connect.server(settings):
        rows = [
            {
                "kid": key.kid,
                "signs": "yes" if key.signs else "",
                "accepted_since": f"{key.accepted_since:%Y-%m-%d}" if key.accepted_since else None,
            }
            for key in rotation.keys(settings)
        ]
    console.show(rows, as_json=as_json)


@shell.command()
def rotate() -> None:
    """Make a key that signs from now on; the old ones are accepted until they are retired."""
    settings = Settings()
    with connect.server(settings):
        new = rotation.rotate(settings)
    told = {
        "new": ActorKey(new).kid,
        "old": ActorKey(settings.secret_keys[0]).kid,
        "days": REFRESH_LIFETIME.days,
        "pin": "" if settings.password_key else PIN,
    }
    if settings.keeps_keys:
        _say(IN_THE_HOME.format_map(told))
        return
    console.err.print(GIVEN.format_map(told), markup=False, highlight=False, soft_wrap=True)
    _say(new)


@shell.command()
def retire(kid: Annotated[str, typer.Argument(help="The key, as `list` names it.")]) -> None:
    """Have a key refused from now on; who holds nothing newer signs in again."""
    settings = Settings()
    derives = not settings.password_key and ActorKey(settings.secret_keys[-1]).kid == kid
    with connect.server(settings):
        rotation.retire(settings, kid)
    _say(RETIRED.format(kid=kid))
    if not settings.keeps_keys:
        _say(GIVEN_RETIRED)
        if derives:
            _say(PASSWORDS)


def _say(text: str) -> None:
    console.out.print(text, markup=False, highlight=False, soft_wrap=True)
