"""Who is asking? Log-in, sessions and the second factor, by Flask-Security over our accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, wraps
from typing import Any, cast

from flask import Flask, Request, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_login import current_user, user_logged_out
from flask_security import (
    PasswordUtil,
    RoleMixin,
    Security,
    UserMixin,
    password_changed,
    user_authenticated,
)
from flask_security.datastore import SQLAlchemySessionUserDatastore
from flask_security.totp import Totp
from flask_wtf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, scoped_session, sessionmaker, synonym

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.core.settings import Settings
from gisgrid.db.tables import Account
from gisgrid.people import login, tokens
from gisgrid.people.keys import derived_key, secret_key
from gisgrid.people.passwords import check_password, normal
from web.http import devices
from web.http.account_forms import (
    WRONG,
    WRONG_CODE,
    CodeForm,
    NameForm,
    PasswordForm,
    RescueForm,
    SecondFactorForm,
    came_in,
)
from web.http.db import Store
from web.http.language import Messages, said

COOKIE = "gisgrid"
SLOWEST_S = 0.5
"""A refused log-in is told so long after it came, whatever was wrong; hashing takes less."""


MESSAGES = {
    "USER_DOES_NOT_EXIST": WRONG,
    "INVALID_PASSWORD": WRONG,
    "PASSWORD_NOT_PROVIDED": say("Write the password."),
    "DISABLED_ACCOUNT": say("This account is switched off. Ask your administrator."),
    "RETYPE_PASSWORD_MISMATCH": say("The two new passwords differ."),
    "PASSWORD_IS_THE_SAME": say("The new password is the old one."),
    "PASSWORD_CHANGE": say("The password is changed; all other sessions of yours have ended."),
    "TWO_FACTOR_INVALID_TOKEN": WRONG_CODE,
    "TWO_FACTOR_LOGIN_SUCCESSFUL": say("The code is right."),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": say("From now on a code is asked at every log-in."),
    "TWO_FACTOR_PERMISSION_DENIED": say("Log in first."),
    "TWO_FACTOR_SETUP_EXPIRED": say("That took too long; please start again."),
    "TWO_FACTOR_DISABLED": say("Codes are no longer asked at log-in."),
}


GOOD_NEWS = (
    "PASSWORD_CHANGE",
    "TWO_FACTOR_LOGIN_SUCCESSFUL",
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL",
    "TWO_FACTOR_DISABLED",
)


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions, whose signer is made once: it was a tenth of a look-up's whole time."""

    @lru_cache(maxsize=4)  # noqa: B019 - one for each application of a process
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return super().get_signing_serializer(app)


class SignedIn(UserMixin, Account):  # type: ignore[misc]
    """An account as Flask-Security sees it; the same row."""

    username = synonym("name")
    password = synonym("password_hash")

    def check_tf_required(
        self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool
    ) -> tuple[bool, list[tuple[str, str]]]:
        return bool(tf_setup_methods) or self.check_tf_required_setup(), tf_setup_methods

    def check_tf_required_setup(self) -> bool:
        """Whether a role of the account must have a second factor."""
        settings: Settings = current_app.config["SETTINGS"]
        return settings.two_factor == "offices" and accounts().standing(self).office


class Passwords(PasswordUtil):
    """Our rules for a new password."""

    def normalize(self, password: str) -> str:
        return normal(password)

    def validate(
        self, password: str, is_register: bool, **kwargs: Any
    ) -> tuple[list[str] | None, str]:
        plain = normal(password)
        try:
            check_password(plain, kwargs["user"].name)
        except Invalid as error:
            return [said(error)], plain
        return None, plain


class Codes(Totp):
    """Codes of an authenticator; each is good once."""

    def get_last_counter(self, user: UserMixin) -> int | None:
        return cast(SignedIn, user).tf_last_counter

    def set_last_counter(self, user: UserMixin, tmatch: Any) -> None:
        cast(SignedIn, user).tf_last_counter = tmatch.counter


class Accounts(SQLAlchemySessionUserDatastore):
    """Accounts through a session of their own, which sees the one row that is logging in.

    The store shows an account to whoever presents its name or the word that its sessions hold
    (``gisgrid.log_in``), beside to those with the right to administer.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        super().__init__(
            scoped_session(
                cast("sessionmaker[Session]", self._open),
                scopefunc=lambda: id(g._get_current_object()),
            ),
            SignedIn,
            RoleMixin,
        )

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> SignedIn | None:
        (presented,) = kwargs.values()
        self.present(str(presented), None)
        person = cast("SignedIn | None", super().find_user(**kwargs))
        if person is not None:
            # The word may be about to change; the name never does.
            self.present(person.name, person.id)
        return person

    def standing(self, person: SignedIn) -> login.RightsToday:
        """What an account that was found may today, through the token of the request if there is one."""
        known = login.standing(self.db.session(), person.id, g.get("scopes"))
        # Nothing was changed; the connection goes back before the request's own work begins.
        self.db.session.commit()
        return known

    def bearer(self, secret: str) -> SignedIn:
        """The account a token speaks for; its scopes then hold for the request."""
        who = tokens.bearer(self.db.session(), secret)
        g.scopes = who.scopes
        self.db.session.commit()
        return cast(SignedIn, self.find_user(username=who.account))

    def present(self, word: str, account_id: int | None) -> None:
        """Say to the store whose row is asked for; again in each transaction that follows."""
        opened = self.db.session()
        opened.info["presented"] = word, account_id
        if opened.in_transaction():
            login.present(opened.connection(), word, account_id)

    def _open(self) -> Session:
        opened = Session(self._store.engine(), expire_on_commit=False)
        event.listen(opened, "after_begin", _again)
        return opened


def _again(opened: Session, _: object, connection: Connection) -> None:
    if "presented" in opened.info:
        login.present(connection, *opened.info["presented"])


def accounts() -> Accounts:
    """Those of the application at hand."""
    return cast(Accounts, current_app.extensions["security"].datastore)


def init_app(app: Flask, settings: Settings) -> None:
    """Log-in, log-out, change of password and second factor under ``/account``."""
    key = secret_key(settings)
    app.session_interface = Sessions()
    app.config.update(
        SECRET_KEY=key,
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        WTF_CSRF_CHECK_DEFAULT=False,  # web/http/permissions.py checks, for all routes alike
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        SECURITY_URL_PREFIX="/account",
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"username": {"mapper": str}}],
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY=30,
        SECURITY_TWO_FACTOR_RESCUE_EMAIL=False,
        SECURITY_TOTP_SECRETS={"1": derived_key(key, "totp")},
        SECURITY_TOTP_ISSUER="gisgrid",
        SECURITY_FRESHNESS=timedelta(minutes=-1),  # no second asking for the password
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/account/login",
        SECURITY_POST_CHANGE_VIEW="/me",
        SECURITY_TWO_FACTOR_POST_SETUP_VIEW="/me",
        SECURITY_LOGIN_USER_TEMPLATE="account/login.html",
        SECURITY_CHANGE_PASSWORD_TEMPLATE="account/change.html",  # noqa: S106 - a file
        SECURITY_TWO_FACTOR_SETUP_TEMPLATE="account/second.html",
        SECURITY_TWO_FACTOR_VERIFY_CODE_TEMPLATE="account/code.html",
        # The library's own default writes "private=True".
        SECURITY_CACHE_CONTROL={"private": None, "no-store": None},
        **{
            f"SECURITY_MSG_{name}": (message, "info" if name in GOOD_NEWS else "error")
            for name, message in MESSAGES.items()
        },
    )
    CSRFProtect(app)
    devices.init_app(app, key)
    datastore = Accounts(app.extensions["gisgrid"])
    security = Security(
        app,
        datastore,
        login_form=NameForm,
        change_password_form=PasswordForm,
        two_factor_setup_form=SecondFactorForm,
        two_factor_verify_code_form=CodeForm,
        two_factor_rescue_form=RescueForm,
        password_util_cls=Passwords,
        totp_cls=Codes,
    )
    security.i18n_domain = Messages.domain_instance
    security.want_json(lambda _: False)
    security.login_manager.request_loader(_bearer)
    # It would ask the store who is asking, for every request alike.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    # Nothing is remembered beyond the session, so no answer need look for it there.
    app.after_request_funcs[None].remove(security.login_manager._update_remember_cookie)
    user_authenticated.connect(_came_in, app)
    user_logged_out.connect(_left, app)
    password_changed.connect(_own_password, app)
    step = "security.two_factor_token_validation"
    app.view_functions[step] = _out_of_turn_leads_home(app.view_functions[step])

    @app.teardown_request
    def close(_: BaseException | None) -> None:
        datastore.db.session.remove()


def presented(request: Request) -> str | None:
    """The token that a request presents in its header; None without one."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def _bearer(request: Request) -> SignedIn | None:
    secret = presented(request)
    return None if secret is None else accounts().bearer(secret)


def _came_in(_: Flask, user: SignedIn, **__: object) -> None:
    came_in(user.name)
    user.last_login_at = datetime.now(UTC)
    accounts().db.session.commit()


def _own_password(_: Flask, user: SignedIn, **__: object) -> None:
    user.password_once = False
    accounts().db.session.commit()


def _out_of_turn_leads_home(view: Callable[..., Any]) -> Callable[..., Any]:
    """The step of a code, which the library answers to whoever is logged in by ending their session."""

    @wraps(view)
    def step(*args: Any, **kwargs: Any) -> Any:
        if current_user.is_authenticated and session.get("tf_state") != "validating_profile":
            return redirect(url_for("today.show"))
        return view(*args, **kwargs)

    return step


def _left(_: Flask, user: SignedIn, **__: object) -> None:
    # The library also logs out who comes to a step of the second factor out of turn; a link to there
    # shall not end the sessions of whoever follows it.
    if request.endpoint != "security.logout":
        return
    # A cookie is the word and nothing else: a copy of it is worth nothing once the word is another.
    accounts().set_uniquifier(user)
    accounts().db.session.commit()
