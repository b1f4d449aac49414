"""The forms of log-in, password and second factor: what each asks for, and how wrong tries count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Response, after_this_request, current_app, request
from flask_babel import gettext
from flask_login import current_user
from flask_security import ChangePasswordForm, LoginForm, verify_password
from flask_security.forms import TwoFactorRescueForm, TwoFactorSetupForm, TwoFactorVerifyCodeForm
from flask_security.twofactor import is_tf_setup
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.people import tries
from gisgrid.people.accounts import login_name
from gisgrid.people.passwords import LONGEST, normal
from gisgrid.people.tries import CODE, PASSWORD, Origin
from web.http import devices
from web.http.peers import address_key

if TYPE_CHECKING:
    from web.http.identity import Accounts, SignedIn

WRONG = say(
    "The name or the password is not right. After five wrong tries you have to wait, each time longer."
)
WRONG_CODE = say("This code is not right, or was used already. Wait for the next one.")


class NameForm(LoginForm):
    """Log-in by name: no e-mail, and nothing is remembered beyond the session."""

    email = None
    remember = None
    name = StringField(validators=[InputRequired(say("Write the log-in name."))])

    def validate(self, **kwargs: Any) -> bool:
        name = _plain(self.name.data or "")
        where = origin(name)
        if _must_wait(name, PASSWORD, where, self.form_errors):
            return False
        if name and len(self.password.data or "") <= LONGEST:
            self.ifield = self.name
            self.user = _accounts().find_user(username=name)
        right = bool(super().validate(**kwargs))
        if tries.in_storm(_accounts().db.session(), name, PASSWORD, where) and not (
            right and self.user is not None and is_tf_setup(self.user)
        ):
            # Right or wrong, without a second factor it is told and counted alike.
            right = False
            self.form_errors[:] = [_stormy()]
            for field in self:
                field.errors = []
        return _counted(name, PASSWORD, where, right)


class CodeForm(TwoFactorVerifyCodeForm):
    """A code of the authenticator; wrong ones count as wrong passwords do."""

    def validate(self, **kwargs: Any) -> bool:
        name = cast("SignedIn", self.user).name
        where = origin(name)
        if _must_wait(name, CODE, where, self.form_errors):
            return False
        if tries.in_storm(_accounts().db.session(), name, CODE, where):
            self.form_errors.append(_stormy())
            return False
        return _counted(name, CODE, where, bool(super().validate(**kwargs)))


class SecondFactorForm(TwoFactorSetupForm):
    """There is one method, the authenticator. Who is logged in proves anew that it is they.

    A session that was left open must not be enough to take the second factor over, or off.
    """

    setup = StringField()
    password = PasswordField()
    code = StringField()

    def validate(self, **kwargs: Any) -> bool:
        if not super().validate(**kwargs):
            return False
        person = cast("SignedIn", self.user)
        # At the log-in itself the password has just been given, and there is no code yet.
        if not current_user.is_authenticated:
            return True
        if not _is_theirs(person, self.password.data or "", self.form_errors):
            return False
        return not is_tf_setup(person) or _has_code(
            person, (self.code.data or "").strip(), self.form_errors
        )


class PasswordForm(ChangePasswordForm):
    """The password until now counts as at the log-in."""

    def validate(self, **kwargs: Any) -> bool:
        # Looked at before the new one is, so that each wrong one counts.
        passed = _is_theirs(
            cast("SignedIn", current_user), self.password.data or "", self.form_errors
        ) and bool(super().validate(**kwargs))
        # At log-in the same words speak of a name too.
        self.form_errors[:] = [
            gettext("The password until now is not right.") if error == gettext(WRONG) else error
            for error in self.form_errors
        ]
        return passed


class RescueForm(TwoFactorRescueForm):
    """Not offered: an administrator takes a lost authenticator off an account."""

    help_setup = StringField()


def origin(name: str) -> Origin:
    """Where the request comes from, as wrong tries of a name are counted."""
    return Origin(devices.known(name), address_key(request.remote_addr or ""))


def came_in(name: str) -> None:
    """Somebody is through with all they were asked for: this device is known, and owes nothing."""
    tries.forget(_accounts().db.session(), name, origin(name))
    devices.remember(name)


def _is_theirs(person: SignedIn, password: str, errors: list[str]) -> bool:
    where = origin(person.name)
    if _must_wait(person.name, PASSWORD, where, errors):
        return False
    right = len(password) <= LONGEST and verify_password(normal(password), person.password)
    if not right:
        errors.append(str(gettext(WRONG)))
    return _counted(person.name, PASSWORD, where, right)


def _has_code(person: SignedIn, code: str, errors: list[str]) -> bool:
    where = origin(person.name)
    if _must_wait(person.name, CODE, where, errors):
        return False
    security = current_app.extensions["security"]
    right = bool(code) and security.totp_factory.verify_totp(
        token=code,
        totp_secret=person.tf_totp_secret,
        user=person,
        window=current_app.config["SECURITY_TWO_FACTOR_AUTHENTICATOR_VALIDITY"],
    )
    if not right:
        errors.append(str(gettext(WRONG_CODE)))
    return _counted(person.name, CODE, where, right)


def _must_wait(name: str, what: str, where: Origin, errors: list[str]) -> bool:
    """Whether nothing is looked at for now; then says for how long."""
    wait_s = tries.wait_s(_accounts().db.session(), name, what, where)
    if not wait_s:
        return False
    said = (
        gettext("Too many wrong tries: wait %(n)s seconds before the next.", n=wait_s)
        if wait_s < 120
        else gettext(
            "Too many wrong tries: wait %(n)s minutes before the next.", n=-(-wait_s // 60)
        )
    )
    errors.append(said)
    _refuse(wait_s)
    return True


def _stormy() -> str:
    _refuse(tries.STORM_S)
    return str(
        gettext(
            "Somebody tries many passwords on this log-in name. Log in on a device that you have used before, "
            "or try again later."
        )
    )


def _refuse(wait_s: int) -> None:
    @after_this_request
    def refuse(response: Response) -> Response:
        response.status_code = 429
        response.headers["Retry-After"] = str(wait_s)
        return response


def _counted(name: str, what: str, where: Origin, passed: bool) -> bool:
    if not passed:
        session = _accounts().db.session()
        tries.count_wrong(session, name, what, where)
        # A refused request leaves nothing else behind; this must stay.
        session.commit()
    return passed


def _plain(name: str) -> str:
    """A log-in name as it is stored; what can be none stays one that nobody has."""
    try:
        return login_name(name)
    except Invalid:
        return ""


def _accounts() -> Accounts:
    return cast("Accounts", current_app.extensions["security"].datastore)
