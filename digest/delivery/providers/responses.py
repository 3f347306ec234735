"""The meaning of a provider's response, or of no response, for the emails of a call. Pure.

A call with status 200 may have refused some emails. A call that failed may have sent some, and one that timed out may
have sent all.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from anymail.message import AnymailRecipientStatus

from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result
from subscriptions.email.send_errors import without_addresses

MAX_CALL_WAIT = 30.0  # seconds that a call waits if the provider asks it to; a longer wait stops the run
MAX_REASON_LENGTH = 300  # characters


class CallAction(Enum):
    """The consequence of a failed call."""

    REFUSED = auto()  # the content was refused; a smaller call may succeed
    CLOSED = auto()  # the provider refuses everything from us
    BUSY = auto()  # nothing was accepted; try again later
    UNKNOWN = auto()  # the emails may have been accepted
    TAKEN = auto()  # accepted before: the provider knows the idempotency key


@dataclass(frozen=True, slots=True)
class CallFailure:
    """The reason why a call failed. `seconds` is the wait that the provider asked for, if any."""

    action: CallAction
    reason: str
    seconds: float | None = None
    unmade: bool = False  # no call was made, because the email can't be written for this provider


class UnmakeableError(Exception):
    """An email can't be written for a provider, so no call was made."""


# Names of classes, so that libraries that only some providers use need not be installed.
_BEFORE_SENDING = {"ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "EndpointConnectionError", "SSLError"}
_BEFORE_SENDING |= {"NameResolutionError", "ProxyError", "InvalidURL", "MissingSchema", "NoCredentialsError"}
_UNMADE = {"AnymailUnsupportedFeature", "AnymailInvalidAddress", "AnymailSerializationError", "UnmakeableError"}
_UNMADE |= {"BadHeaderError", "HeaderParseError", "HeaderWriteError", "UnicodeEncodeError"}
_AWS_BUSY = {"Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException"}
_AWS_CONTENT = {"MessageRejected", "InvalidParameterValue", "BadRequestException"}
_CLOSED = (401, 402, 403, 404, 405)
_BUSY = (408, 425, 429, 503)
# A call with this key was made before. Resend says so if its content was different, and repeats its answer otherwise.
_KEY_KNOWN = {"invalid_idempotent_request", "duplicate_parameter"}


def classify_error(error: Exception) -> CallFailure:
    """Return what an error that ended a call means."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is not None:
        return _classify_status(int(status), response)
    names = _class_names(error)
    if names & _UNMADE:
        return CallFailure(
            CallAction.REFUSED, _reason(f"The email can't be made for this provider: {error}"), unmade=True
        )
    code = _aws_code(error)
    if code:
        action = (
            CallAction.BUSY if code in _AWS_BUSY else CallAction.REFUSED if code in _AWS_CONTENT else CallAction.CLOSED
        )
        return CallFailure(action, f"The provider answered {code}")
    if names & _BEFORE_SENDING:
        return CallFailure(CallAction.CLOSED, "The provider can't be reached")
    if names & {"AnymailConfigurationError", "ImproperlyConfigured", "AnymailImproperlyInstalled"}:
        return CallFailure(CallAction.CLOSED, _reason(str(error)))
    return CallFailure(CallAction.UNKNOWN, f"The provider's answer never came: {type(error).__name__}")


def combine_failures(former: CallFailure, failure: CallFailure) -> CallFailure:
    """Return the later failure of a call; but if the first try may have been accepted, a refusal changes nothing."""
    still = former.action is CallAction.UNKNOWN and failure.action in (CallAction.BUSY, CallAction.CLOSED)
    return replace(failure, action=CallAction.UNKNOWN) if still else failure


def by_status(mails: list[Mail], statuses: dict[str, AnymailRecipientStatus], *, mixed: Result) -> list[Outcome]:
    """Return the outcome of each email from the statuses that django-anymail read.

    `mixed` is the result of an email without a clear status.
    """
    by_address = {address.lower(): status for address, status in statuses.items()}
    return [_by_status(mail, by_address.get(mail.address.lower()), mixed) for mail in mails]


def sent(mail: Mail, provider_id: object = "") -> Outcome:
    return Outcome(mail.delivery_id, Result.SENT, provider_id=str(provider_id or "")[:255], papers=mail.papers)


def refused(mail: Mail, error: Any) -> Outcome:
    return Outcome(mail.delivery_id, Result.FAILED, _reason(f"The provider refused the email: {error}"))


def _by_status(mail: Mail, status: AnymailRecipientStatus | None, mixed: Result) -> Outcome:
    result = status.status if status else None
    if result in ("queued", "sent"):
        return sent(mail, status.message_id if status else "")
    if result in ("invalid", "rejected"):
        return refused(mail, f"the address is {result}")
    if result == "failed":
        return Outcome(mail.delivery_id, Result.RETRY_LATER, "The provider accepted the call, but not this email")
    if mixed is Result.SENT:
        return sent(mail, status.message_id if status else "")
    return Outcome(mail.delivery_id, mixed, "The provider's answer does not say what became of it")


def _classify_status(status: int, response: Any) -> CallFailure:
    reason = _reason(f"The provider answered {status}: {_message(response)}")
    if _code(response) in _KEY_KNOWN:
        return CallFailure(CallAction.TAKEN, reason)
    if status == 409 or status in _BUSY:  # 409: a call with this key is in progress
        return CallFailure(CallAction.BUSY, reason, _retry_after(response))
    if status in _CLOSED:
        return CallFailure(CallAction.CLOSED, reason)
    if status < 300:
        return CallFailure(
            CallAction.UNKNOWN, f"The provider's answer can't be read: {_message(response)}"[:MAX_REASON_LENGTH]
        )
    return CallFailure(CallAction.REFUSED if status < 500 else CallAction.UNKNOWN, reason)


def _retry_after(response: Any) -> float | None:
    value = str(response.headers.get("Retry-After", ""))
    return float(value) if value.replace(".", "", 1).isdigit() else None


def _message(response: Any) -> str:
    """Return the error message in the provider's answer. Each provider has it in another field."""
    content = _content(response)
    if isinstance(content, dict):
        for key in ("message", "Message", "errors", "error", "ErrorMessage", "Messages"):
            if content.get(key):
                name = content.get("name", "")
                return f"{name} {content[key]}".strip()
    return str(content)


def _code(response: Any) -> str:
    """Return the provider's own code of the error."""
    content = _content(response)
    return str(content.get("name") or content.get("code") or "") if isinstance(content, dict) else ""


def _content(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _reason(text: str) -> str:
    """Return `text` as a reason for the operator: on one line, shortened, without addresses."""
    return without_addresses(" ".join(text.split()))[:MAX_REASON_LENGTH]


def _class_names(error: BaseException | None) -> set[str]:
    """Return the names of the classes of the error and of its causes."""
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
