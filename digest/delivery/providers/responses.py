"""What a provider's answer, or the lack of one, means for the mails of a call. Pure.

A 200 can hide that some were refused, an error that some were taken, and silence that all were.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from anymail.message import AnymailRecipientStatus

from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result
from subscriptions.email.send_errors import without_addresses

PATIENCE = 30.0  # seconds: so long a call waits for a provider that asks it to; for longer ones the run is stopped
LONGEST_REASON = 300  # characters


class CallAction(Enum):
    """What is to be done with the call."""

    REFUSED = auto()  # as it is; a smaller one may be taken
    CLOSED = auto()  # nothing of ours is taken
    BUSY = auto()  # not now: nothing was taken
    UNKNOWN = auto()  # it may have been taken
    TAKEN = auto()  # before: the provider knows its key


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Why a call did not go well; `seconds` until it may be repeated, where the provider said."""

    fate: CallAction
    reason: str
    seconds: float | None = None
    unmade: bool = False  # no call was made: the email can't be written for this provider


class UnmakeableError(Exception):
    """An email can't be written for a provider, and no call was made."""


# By the names of classes, so that nobody needs to install what only some providers use.
_BEFORE_SENDING = {"ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "EndpointConnectionError", "SSLError"}
_BEFORE_SENDING |= {"NameResolutionError", "ProxyError", "InvalidURL", "MissingSchema", "NoCredentialsError"}
_UNMADE = {"AnymailUnsupportedFeature", "AnymailInvalidAddress", "AnymailSerializationError", "UnmakeableError"}
_UNMADE |= {"BadHeaderError", "HeaderParseError", "HeaderWriteError", "UnicodeEncodeError"}
_AWS_BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException"}
_AWS_CONTENT = {"MessageRejected", "InvalidParameterValue", "BadRequestException"}
_CLOSED = (401, 402, 403, 404, 405)
_BUSY = (408, 425, 429, 503)
# A call with this key was done. Resend says so where its content was another, and else repeats its answer.
_KEY_KNOWN = {"invalid_idempotent_request", "duplicate_parameter"}


def classify_error(error: Exception) -> CallFailure:
    """What an error that a call ended in means."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is not None:
        return _judge_status(int(status), response)
    names = _names(error)
    if names & _UNMADE:
        return CallFailure(
            CallAction.REFUSED, _said(f"The email can't be made for this provider: {error}"), unmade=True
        )
    code = _aws_code(error)
    if code:
        fate = (
            CallAction.BUSY if code in _AWS_BUSY else CallAction.REFUSED if code in _AWS_CONTENT else CallAction.CLOSED
        )
        return CallFailure(fate, f"The provider answered {code}")
    if names & _BEFORE_SENDING:
        return CallFailure(CallAction.CLOSED, "The provider can't be reached")
    if names & {"AnymailConfigurationError", "ImproperlyConfigured", "AnymailImproperlyInstalled"}:
        return CallFailure(CallAction.CLOSED, _said(str(error)))
    return CallFailure(CallAction.UNKNOWN, f"The provider's answer never came: {type(error).__name__}")


def combine_failures(former: CallFailure, failure: CallFailure) -> CallFailure:
    """What both mean together: a call that may have been taken still may, though it is not taken now."""
    still = former.fate is CallAction.UNKNOWN and failure.fate in (CallAction.BUSY, CallAction.CLOSED)
    return replace(failure, fate=CallAction.UNKNOWN) if still else failure


def by_status(mails: list[Mail], statuses: dict[str, AnymailRecipientStatus], *, mixed: Result) -> list[Outcome]:
    """The outcome of each mail by what django-anymail read out of the answer.

    `mixed` is for those of which it could not tell.
    """
    found = {address.lower(): status for address, status in statuses.items()}
    return [_by_status(mail, found.get(mail.address.lower()), mixed) for mail in mails]


def sent(mail: Mail, provider_id: object = "") -> Outcome:
    return Outcome(mail.delivery_id, Result.SENT, provider_id=str(provider_id or "")[:255], papers=mail.papers)


def refused(mail: Mail, said: Any) -> Outcome:
    return Outcome(mail.delivery_id, Result.FAILED, _said(f"The provider refused the mail: {said}"))


def _by_status(mail: Mail, status: AnymailRecipientStatus | None, mixed: Result) -> Outcome:
    said = status.status if status else None
    if said in ("queued", "sent"):
        return sent(mail, status.message_id if status else "")
    if said in ("invalid", "rejected"):
        return refused(mail, f"the address is {said}")
    if said == "failed":
        return Outcome(mail.delivery_id, Result.LATER, "The provider took the call, and not this mail")
    if mixed is Result.SENT:
        return sent(mail, status.message_id if status else "")
    return Outcome(mail.delivery_id, mixed, "The provider's answer does not say what became of it")


def _judge_status(status: int, response: Any) -> CallFailure:
    reason = _said(f"The provider answered {status}: {_message(response)}")
    if _code(response) in _KEY_KNOWN:
        return CallFailure(CallAction.TAKEN, reason)
    if status == 409 or status in _BUSY:  # 409: a call with this key is being done
        return CallFailure(CallAction.BUSY, reason, _retry_after(response))
    if status in _CLOSED:
        return CallFailure(CallAction.CLOSED, reason)
    if status < 300:
        return CallFailure(
            CallAction.UNKNOWN, f"The provider's answer can't be read: {_message(response)}"[:LONGEST_REASON]
        )
    return CallFailure(CallAction.REFUSED if status < 500 else CallAction.UNKNOWN, reason)


def _retry_after(response: Any) -> float | None:
    said = str(response.headers.get("Retry-After", ""))
    return float(said) if said.replace(".", "", 1).isdigit() else None


def _message(response: Any) -> str:
    """What the provider says is wrong, wherever in its answer that stands."""
    told = _told(response)
    if isinstance(told, dict):
        for key in ("message", "Message", "errors", "error", "ErrorMessage", "Messages"):
            if told.get(key):
                name = told.get("name", "")
                return f"{name} {told[key]}".strip()
    return str(told)


def _code(response: Any) -> str:
    """The provider's own name for what is wrong."""
    told = _told(response)
    return str(told.get("name") or told.get("code") or "") if isinstance(told, dict) else ""


def _told(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _said(text: str) -> str:
    return without_addresses(" ".join(text.split()))[:LONGEST_REASON]


def _names(error: BaseException | None) -> set[str]:
    """The classes of the error, and of what it came from."""
    names: set[str] = set()
    for _ in range(6):
        if error is None:
            break
        names |= {cls.__name__ for cls in type(error).__mro__}
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return names


def _aws_code(error: BaseException) -> str:
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""
