"""Actors and errors: who acts, and how what goes wrong is said."""

from uuid import uuid4

import pytest

from workbench import errors
from workbench.actor import Actor
from workbench.errors import Detail, Forbidden, Invalid, TooMany, WorkbenchError
from workbench.permissions import Permission

USER, SID, TENANT = uuid4(), uuid4(), uuid4()


def person(*permissions: Permission) -> Actor:
    """A user at work in a tenant."""
    return Actor.of_user(USER, sid=SID, tenant_id=TENANT, permissions=permissions)


class TestActor:
    """A proved identity at work."""

    def test_it_may_what_it_holds(self) -> None:
        """The one permission passes, another is Forbidden and named."""
        actor = person(Permission.ROW_READ)
        actor.require(Permission.ROW_READ)
        assert actor.may(Permission.ROW_READ)
        with pytest.raises(Forbidden, match="row:write"):
            actor.require(Permission.ROW_WRITE)

    def test_narrowing_only_takes_away(self) -> None:
        """What was not held is not gained."""
        narrowed = person(Permission.ROW_READ, Permission.RUN_READ).narrowed(
            [Permission.ROW_READ, Permission.ROW_WRITE]
        )
        assert narrowed.permissions == {Permission.ROW_READ}
        assert (narrowed.user_id, narrowed.sid, narrowed.tenant_id) == (USER, SID, TENANT)

    def test_the_platform_has_no_tenant(self) -> None:
        """Its actors are told so where a tenant is needed."""
        assert person().require_tenant() == TENANT
        with pytest.raises(Forbidden, match="tenant"):
            Actor.of_system("test").require_tenant()

    def test_a_task_names_itself(self) -> None:
        """Without user and login, and with what it names."""
        task = Actor.of_system("load", Permission.ROW_WRITE, tenant_id=TENANT)
        assert (task.subject, task.user_id, task.sid) == ("system:load", None, None)
        assert task.permissions == {Permission.ROW_WRITE}


class TestErrors:
    """The tree of what can go wrong."""

    def test_the_docstring_is_the_message(self) -> None:
        """Unless another one is given."""
        assert str(Forbidden()) == "Your role does not allow this."
        assert str(Forbidden("No.")) == "No."

    def test_places_are_named(self) -> None:
        """Details travel with the error."""
        detail = Detail("email", "not an address")
        assert Invalid(details=[detail]).details == (detail,)

    def test_too_many_says_when_to_come_back(self) -> None:
        """In seconds, one unless told otherwise."""
        assert TooMany().retry_after == 1
        assert TooMany("Slow down.", retry_after=30).retry_after == 30

    def test_each_has_a_code_of_its_own(self) -> None:
        """Programs tell the bases apart by it."""
        bases = [
            cls
            for cls in vars(errors).values()
            if isinstance(cls, type) and issubclass(cls, WorkbenchError)
        ]
        assert len({cls.code for cls in bases}) == len(bases) > 8
