"""The pages of a member of staff's own account: the second factor, recovery codes, and logging out everywhere."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, auth, messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from digest.ops.staff import logins, second_factor, sessions
from subscriptions.admin.base import log_action
from subscriptions.security import abuse_limits

FEW_CODES = 3  # after a recovery code was used, ask to make new ones


class SecretInput(forms.PasswordInput):
    """A box that shows what is typed, and is empty when the form is shown again."""

    input_type = "text"


class CodeField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "size": 10}
        super().__init__(max_length=12, widget=SecretInput(attrs=attrs), label="Code", **kwargs)


class LoginCodeForm(forms.Form):
    """The second step of a login: the code of the app, or a recovery code."""

    code = CodeField(required=False)
    recovery_code = forms.CharField(
        max_length=40, required=False, widget=SecretInput(attrs={"autocomplete": "off", "autocapitalize": "none"})
    )

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self.request, self.user = request, user
        self.was_recovered = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        code, recovery = cleaned.get("code", ""), cleaned.get("recovery_code", "")
        if not code and not recovery:
            raise ValidationError("Enter the six digits that your app shows, or a recovery code.")
        counted = logins.count_attempt(self.request, self.user.get_username(), "code")
        self.was_recovered = bool(recovery) and second_factor.take_recovery_code(self.user, recovery)
        if not self.was_recovered and not second_factor.verify_code(self.user, code):
            raise ValidationError(
                "This recovery code is wrong, or was used before."
                if recovery
                else "This code is wrong, or was used before. Wait until the app shows the next one."
            )
        abuse_limits.reset(counted)
        return cleaned


class SetUpForm(forms.Form):
    """The first code of an authenticator app, which proves that it has read the key."""

    key = forms.CharField(widget=forms.HiddenInput)
    code = CodeField()


class PasswordForm(forms.Form):
    """The current password, for changes that a passer-by at an unattended desk must not make."""

    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST if "password" in request.POST else None)
        self.request = request

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        counted = logins.count_attempt(self.request, self.request.user.get_username(), "password")
        if not cast(User, self.request.user).check_password(password):
            raise ValidationError("This is not your password. Try again.")
        abuse_limits.reset(counted)
        return password


View = Callable[[HttpRequest], HttpResponse]


class AccountPages:
    """The pages of an admin site. A half logged-in user sees only the page of the missing step."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    def urls(self) -> list[URLPattern]:
        return [
            path("account/", self.site.admin_view(self.account_view), name="account"),
            path("account/code/", _private(self.code_view), name="second_factor_code"),
            path("account/set-up/", _private(self.set_up_view), name="second_factor_set_up"),
        ]

    def account_view(self, request: HttpRequest) -> HttpResponse:
        """Show how the account is protected. A POST logs out elsewhere, makes recovery codes, or removes the app."""
        user = cast(User, request.user)
        form = PasswordForm(request)
        if request.method == "POST" and "_log_out" in request.POST:
            sessions.end_all(user, keep=request.session.session_key)
            log_action(request, [user], "Logged out everywhere else.")
            messages.success(request, "You are logged out everywhere else.")
            return redirect("admin:account")
        if request.method == "POST" and form.is_valid():
            if "_codes" in request.POST and second_factor.device_of(user):
                log_action(request, [user], "Made new recovery codes.")
                return self._show_codes(request, second_factor.make_recovery_codes(user))
            if "_remove" in request.POST and second_factor.remove(user):
                log_action(request, [user], "Removed the second factor.")
                messages.success(request, "The second factor was removed.")
            return redirect("admin:account")
        context = {
            "device": second_factor.device_of(user),
            "codes_left": second_factor.recovery_codes_left(user),
            "is_required": second_factor.is_required(user),
            "form": form,
        }
        return self._page(request, "account", "Login and security", context)

    def code_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the code, the second step of a login."""
        user = sessions.half_logged_in(request)
        if user and request.method == "POST" and "_cancel" in request.POST:
            auth.logout(request)
            return redirect("admin:login")
        device = second_factor.device_of(user) if user else None
        if user is None or device is None:
            return _onward(request)
        form = LoginCodeForm(request, user)
        if request.method == "POST" and form.is_valid():
            sessions.complete(request, user, device)
            if form.was_recovered:
                _note_recovery(request, user)
            response = _onward(request)
            logins.remember_device(request, response)
            return response
        return self._page(request, "second_factor_code", "Enter your code", {"form": form, "next": _next(request)})

    def set_up_view(self, request: HttpRequest) -> HttpResponse:
        """Show the key as a QR code, and store it once a code proves that an app has read it."""
        has_just_given_it = sessions.half_logged_in(request)
        user = has_just_given_it or (request.user if request.user.is_staff else None)
        if not isinstance(user, User) or second_factor.device_of(user):
            return _onward(request) if user else redirect_to_login(request.get_full_path(), reverse("admin:login"))
        form = SetUpForm(request.POST if request.method == "POST" else None)
        password = None if has_just_given_it else PasswordForm(request)
        if request.method == "POST" and form.is_valid() and (password is None or password.is_valid()):
            if device := second_factor.set_up(user, form.cleaned_data["key"], form.cleaned_data["code"]):
                sessions.complete(request, user, device)
                log_action(request, [user], "Set up a second factor.")
                response = self._show_codes(request, second_factor.make_recovery_codes(user))
                logins.remember_device(request, response)
                return response
            form.add_error("code", "This code is wrong. Check that the clock of your phone is right, and try the next.")
        key = form["key"].value() or ""
        if second_factor.device_with(user, key) is None:
            key = second_factor.new_key(user)
        context = {"form": form, "key": key, "next": _next(request), "is_required": second_factor.is_required(user)}
        context |= _key_of(second_factor.device_with(user, key)) | {"password_form": password}
        return self._page(request, "second_factor_set_up", "Set up a second factor", context)

    def _show_codes(self, request: HttpRequest, codes: Sequence[str]) -> HttpResponse:
        return self._page(request, "recovery_codes", "Your recovery codes", {"codes": codes, "next": _next(request)})

    def _page(self, request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
        shared: dict[str, Any] = self.site.each_context(request) | {"title": title}
        response = TemplateResponse(request, f"admin/{name}.html", shared | context)
        response["Cache-Control"] = "no-store"
        return response


def after_password(request: HttpRequest) -> HttpResponse | None:
    """Return the redirect to the missing step of a login, or None if none is missing."""
    user = sessions.half_logged_in(request)
    if user is None:
        return None
    step = "code" if second_factor.device_of(user) else "set_up"
    return HttpResponseRedirect(reverse(f"admin:second_factor_{step}", query={"next": _next(request)}))


def _private(view: View) -> View:
    return never_cache(sensitive_post_parameters()(view))


def _next(request: HttpRequest) -> str:
    """Return the page to show after the login, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse("admin:index")


def _onward(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(_next(request))


def _note_recovery(request: HttpRequest, user: User) -> None:
    left = second_factor.recovery_codes_left(user)
    log_action(request, [user], "Logged in with a recovery code.")
    if left <= FEW_CODES:
        messages.warning(request, f"You have {left} recovery codes left. Create new ones under “Login and security”.")


def _key_of(device: Any) -> dict[str, str]:
    """Return the key as a QR code, as a link for apps on this device, and as text to type."""
    import segno  # only here: few requests need it

    uri = device.config_url
    text = base64.b32encode(device.bin_key).decode()
    spaced = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    return {"uri": uri, "qr": segno.make(uri, error="m").svg_data_uri(scale=5, border=4, light="#fff"), "typed": spaced}
