"""The one account that is logging in, as the store shows it before anyone is known."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from gisgrid.core.roles import ROLES
from gisgrid.people.accounts import account_named, refuse_unmanaged
from gisgrid.people.appointments import rights
from gisgrid.people.passwords import check_password, password_hash
from gisgrid.people.privacy.audit import note
from gisgrid.people.tries import forget


@dataclass(frozen=True)
class RightsToday:
    """What an account may today, over all its appointments."""

    rights: frozenset[str]
    key: str
    """Equal for accounts that may see the same; part of the address of what is kept. Empty: no more
    than the public."""
    office: bool
    """Holds a role of an office, which needs a second factor."""


def present(connection: Connection, word: str, account_id: int | None = None) -> None:
    """Show the store, for this transaction, a log-in name, a session's word or a token's hash.

    The policies then let the account's own row be read and its log-in fields be written, no other.
    """
    connection.execute(
        text(
            "SELECT set_config('gisgrid.log_in', :word, true), "
            "set_config('gisgrid.account', :account, true)"
        ),
        {"word": word, "account": "" if account_id is None else str(account_id)},
    )


def standing(
    session: Session, account_id: int, scopes: frozenset[str] | None = None
) -> RightsToday:
    """What an account may today.

    Parameters
    ----------
    scopes
        Of the token that speaks for the account: no other right counts. None: no token.
    """
    held = [each for each in rights(session, account_id) if scopes is None or each.right in scopes]
    # By number: areas of two townships may have one code.
    words = [f"{each.right} {each.area_id} {each.grid_code}" for each in held]
    return RightsToday(
        frozenset(each.right for each in held),
        sha256("\n".join(words).encode()).hexdigest()[:12] if words else "",
        any(ROLES[each.role].office for each in held),
    )


def set_password(session: Session, name: str, password: str, *, once: bool = False) -> None:
    """Give an account a password; its sessions end and its wrong tries are forgotten.

    ``once``: it only opens the page where the person chooses their own.

    Raises
    ------
    Invalid
        The password is easily guessed.
    NotFound
        No such account.
    NotAllowed
        Whoever acts does not manage that account.
    """
    account = account_named(session, name)
    refuse_unmanaged(session, account)
    check_password(password, account.name)
    session.execute(
        text(
            "UPDATE account SET password_hash = :hash, password_once = :once, "
            "fs_uniquifier = gen_random_uuid()::text WHERE id = :id"
        ),
        {"id": account.id, "hash": password_hash(password), "once": once},
    )
    note(session, "password", "account", account.id)
    forget(session, account.name)


def drop_second_factor(session: Session, name: str) -> None:
    """Let an account that lost its authenticator set up another at its next log-in."""
    account = account_named(session, name)
    refuse_unmanaged(session, account)
    session.execute(
        text(
            "UPDATE account SET tf_primary_method = NULL, tf_totp_secret = NULL, "
            "tf_last_counter = NULL, fs_uniquifier = gen_random_uuid()::text WHERE id = :id"
        ),
        {"id": account.id},
    )
    note(session, "second factor off", "account", account.id)


def give_second_factor(session: Session, name: str, secret: str) -> None:
    """Give an account a new authenticator in place of any that it had; its sessions end.

    Parameters
    ----------
    secret
        The key as the log-in keeps it: locked with the key of the service.
    """
    account = account_named(session, name)
    refuse_unmanaged(session, account)
    session.execute(
        text(
            "UPDATE account SET tf_primary_method = 'authenticator', tf_totp_secret = :secret, "
            "tf_last_counter = NULL, fs_uniquifier = gen_random_uuid()::text WHERE id = :id"
        ),
        {"id": account.id, "secret": secret},
    )
    note(session, "second factor", "account", account.id)
