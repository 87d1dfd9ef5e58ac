"""Users, roles, policies and keys of all accounts, in memory, and kept through the catalogue.

Implements `ports.identities.Identities`. Everything is read at start; a change is decided on what is in
memory, stored, and then seen by everybody. One server uses a data directory, so that is
all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from lambdad.domain.iam import (
    ACCESS_KEYS,
    GROUPS,
    MANAGED_POLICIES,
    ROLES,
    USERS,
    AccessKey,
    Holder,
    ManagedPolicy,
    Role,
    User,
    iam_place,
)
from lambdad.domain.identity import Grants, Key, Who
from lambdad.domain.policies.document import IDENTITY_POLICY, TRUST_POLICY, Form, InvalidPolicy, read_policy
from lambdad.domain.policies.statements import Policy
from lambdad.domain.resource import Kind
from lambdad.identity.sealing import NotSealed, Sealer
from lambdad.identity.sessions import Sessions, invalid_token
from lambdad.ports.resource_store import ResourceStore

T = TypeVar("T")

_KINDS: tuple[Kind[Any], ...] = (ROLES, USERS, GROUPS, MANAGED_POLICIES, ACCESS_KEYS)
_NOTHING = Policy(())
_OURS = "AROA"


class Directory:
    """What there is, by account and name.

    Args:
        resources: where it is kept.
        sealer: opens the secrets of access keys.
        sessions: verifies temporary credentials.
        aws_managed: policies that every account has, by ARN.
    """

    def __init__(
        self,
        resources: ResourceStore,
        sealer: Sealer,
        sessions: Sessions,
        aws_managed: Mapping[str, ManagedPolicy],
    ) -> None:
        self._resources = resources
        self._sealer = sealer
        self._sessions = sessions
        self.aws_managed = aws_managed
        self._tables: dict[tuple[str, str], dict[str, Any]] = {}
        self._accounts_of_keys: dict[str, str] = {}
        self._keys: dict[str, Key] = {}
        self._policies: dict[tuple[str, str | None], Policy] = {}
        self._changing = asyncio.Lock()
        self._used: set[tuple[str, str]] = set()
        self._epoch = 0

    async def load(self) -> None:
        """Read everything that is kept."""
        for kind in _KINDS:
            for stored in await self._resources.everywhere(kind):
                self._put(kind, stored.place.scope.account, stored.place.name, stored.value)

    # --- for those who verify and decide -----------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Moves with every change."""
        return self._epoch

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        """The key with this id; None when it is not one of ours.

        Raises:
            CredentialsRefused: a session token that is not ours, does not belong to the key, or is over;
                or an access key that is switched off.
        """
        known = self._keys.get(access_key)
        if known is not None and session_token is None:
            return known
        account = self._accounts_of_keys.get(access_key)
        if account is None:
            return self._sessions.key(access_key, session_token, now_s)
        record = self.table(ACCESS_KEYS, account)[access_key.lower()]
        if session_token is not None or not record.active:
            raise invalid_token()
        known = self._keys[access_key] = Key(self._secret(record), self.who_of_user(account, record.user))
        return known

    def grants(self, who: Who) -> Grants | None:
        """What binds a principal now; None when it is a root, or a role that our IAM does not know.

        Who was given credentials of a user or role that is gone since has no permission at all.
        """
        if who.is_root:
            return None
        holder = self._holder(who)
        if holder is None:
            is_known = who.role_arn is None or who.unique_id.startswith(_OURS)
            return Grants(()) if is_known else None
        session = tuple(self._session(who)) if who.session_policies else None
        boundary = None if holder.boundary is None else self._managed(who.account, holder.boundary)
        return Grants(tuple(self._identity(who.account, holder)), boundary, session, holder.tags)

    def trust(self, role_arn: str) -> Policy | None:
        """Who may assume a role; None when there is no such role."""
        role = self.role(role_arn)
        return None if role is None else self._read(role.trust, TRUST_POLICY, role_arn)

    def who(self, arn: str) -> Who | None:
        """A user, or a session of a role (of its ARN, or of its role's); None when there is none."""
        account, _, resource = arn.partition("::")[2].partition(":")
        kind, _, rest = resource.partition("/")
        if kind == "user":
            user = self.table(USERS, account).get(rest.rpartition("/")[2].lower())
            return None if user is None or user.arn != arn else self.who_of_user(account, user.name)
        name, _, session = rest.partition("/") if kind == "assumed-role" else ("", "", "")
        role = self.role(arn) or self.table(ROLES, account).get(name.lower())
        if role is None:
            return None
        session = session or "session"
        session_arn = f"{role.arn.partition(':iam:')[0]}:sts::{account}:assumed-role/{role.name}/{session}"
        return Who(account, session_arn, f"{role.unique_id}:{session}", role_arn=role.arn)

    def arn_of(self, kind: str, account: str, name: str) -> str | None:
        """The ARN of a ``user``, ``role`` or ``group``, with its path; None when there is none."""
        kinds: Mapping[str, Kind[Any]] = {"user": USERS, "role": ROLES, "group": GROUPS}
        found = self.table(kinds[kind], account).get(name.lower())
        return None if found is None else str(found.arn)

    # --- for the handlers --------------------------------------------------------------------------

    def table(self, kind: Kind[T], account: str) -> dict[str, T]:
        """Those of a kind of an account, by name in lower case; not to be changed."""
        return cast("dict[str, T]", self._tables.get((kind.name, account), {}))

    def role(self, role_arn: str) -> Role | None:
        """The role with this ARN, in whatever account; None when there is none."""
        account, _, resource = role_arn.partition("::")[2].partition(":")
        found = self.table(ROLES, account).get(resource.rpartition("/")[2].lower())
        return found if found is not None and found.arn == role_arn else None

    def policy(self, account: str, arn: str) -> ManagedPolicy | None:
        """The managed policy with this ARN, of the account or of AWS; None when there is none."""
        aws = self.aws_managed.get(arn)
        if aws is not None:
            return aws
        found = self.table(MANAGED_POLICIES, account).get(arn.rpartition("/")[2].lower())
        return found if found is not None and found.arn == arn else None

    def holders(self, account: str) -> Iterator[Holder]:
        """Users, groups and roles of an account."""
        yield from self.table(USERS, account).values()
        yield from self.table(GROUPS, account).values()
        yield from self.table(ROLES, account).values()

    def who_of_user(self, account: str, name: str) -> Who:
        """A user as a principal."""
        user = self.table(USERS, account)[name.lower()]
        return Who(account, user.arn, user.unique_id)

    async def change(
        self, kind: Kind[T], account: str, name: str, decide: Callable[[T | None], T | None]
    ) -> T | None:
        """Decide on what is there, given everything else as it is, and keep the outcome, in one step.

        Raises:
            CallerError: whatever `decide` raised; nothing is changed.
        """
        changing = self._change(kind, account, name, decide)
        return await asyncio.shield(changing)

    async def _change(
        self, kind: Kind[T], account: str, name: str, decide: Callable[[T | None], T | None]
    ) -> T | None:
        async with self._changing:
            there = self.table(kind, account).get(name.lower())
            outcome = decide(there)
            if outcome != there:
                await self._store(kind, account, name, outcome)
                self._put(kind, account, name.lower(), outcome)
            return outcome

    def note_use(self, role: Role, region: str, now_s: float) -> None:
        """A session of the role was made; kept with the next change of the role, or when the server ends.

        Nothing of what `grants` answers changes with it.
        """
        account = role.arn.split(":")[4]
        table = self.table(ROLES, account)
        there = table.get(role.name.lower())
        if there is not None and there.unique_id == role.unique_id:
            table[role.name.lower()] = replace(there, used_s=now_s, used_region=region)
            self._used.add((account, role.name.lower()))

    async def close(self) -> None:
        """Keep what is not kept yet."""
        used, self._used = self._used, set()
        for account, name in sorted(used):
            role = self.table(ROLES, account).get(name)
            if role is not None:
                await self._store(ROLES, account, name, role)

    async def _store(self, kind: Kind[T], account: str, name: str, value: T | None) -> None:
        await self._resources.change(kind, iam_place(account, name), lambda _: value)

    # --- inside --------------------------------------------------------------------------------------

    def _put(self, kind: Kind[T], account: str, name: str, value: T | None) -> None:
        table = self._tables.setdefault((kind.name, account), {})
        if value is None:
            gone = table.pop(name, None)
            if isinstance(gone, AccessKey):
                self._accounts_of_keys.pop(gone.access_key_id, None)
        else:
            table[name] = value
            if isinstance(value, AccessKey):
                self._accounts_of_keys[value.access_key_id] = account
        self._epoch += 1
        self._keys.clear()
        self._policies.clear()

    def _secret(self, record: AccessKey) -> str:
        try:
            return self._sealer.open(record.secret, record.access_key_id).decode()
        except NotSealed:
            raise invalid_token() from None

    def _holder(self, who: Who) -> Holder | None:
        if who.role_arn is None:
            users = self.table(USERS, who.account)
            user = users.get(who.arn.rpartition("/")[2].lower())
            return user if user is not None and user.unique_id == who.unique_id else None
        role = self.role(who.role_arn)
        if role is None:
            return None
        is_same = not who.unique_id.startswith(_OURS) or who.unique_id.partition(":")[0] == role.unique_id
        return role if is_same else None

    def _identity(self, account: str, holder: Holder) -> Iterator[Policy]:
        yield from self._of(account, holder)
        if isinstance(holder, User):
            groups = self.table(GROUPS, account)
            for name in holder.groups:
                if name.lower() in groups:
                    yield from self._of(account, groups[name.lower()])

    def _of(self, account: str, holder: Holder) -> Iterator[Policy]:
        for name, document in holder.inline.items():
            yield self._read(document, name=f"{name} of {holder.arn}")
        yield from (self._managed(account, arn) for arn in holder.attached)

    def _session(self, who: Who) -> Iterable[Policy]:
        for one in who.session_policies:
            yield self._managed(who.account, one) if one.startswith("arn:") else self._read(one)

    def _managed(self, account: str, arn: str) -> Policy:
        found = self.policy(account, arn)
        return _NOTHING if found is None else self._read(found.document, name=arn)

    def _read(self, document: str, form: Form = IDENTITY_POLICY, name: str | None = None) -> Policy:
        policy = self._policies.get((document, name))
        if policy is None:
            try:
                policy = replace(read_policy(document, form), name=name)
            except InvalidPolicy:
                policy = _NOTHING  # written by an older version that let it in: it grants nothing
            self._policies[document, name] = policy
        return policy
