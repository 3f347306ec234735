"""One call to a provider after the other, each brought to an end: an outcome for every mail of it."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import urljoin

import requests
from django.core.mail import get_connection

from digest.delivery.providers import anymail_messages, batch_apis, merge_variables, responses
from digest.delivery.providers.capabilities import BatchCapability, BatchMode, backend_of, capability_of
from digest.delivery.providers.fast_payloads import PayloadFactory
from digest.delivery.providers.idempotency import idempotency_key
from digest.delivery.providers.merge_variables import MergeGroup
from digest.delivery.providers.parsed_email import parse_mail
from digest.delivery.providers.responses import PATIENCE, CallAction, CallFailure
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result

TRIES = 3  # of a call that a provider is too busy for, or of which it knows whether it has done it
FIRST_WAIT = 1.0  # seconds; doubled
FAILURES = 20  # single mails of a refused call: if each is refused too, it is not about them


class ProviderClient:
    """Speaks to one provider over a kept connection. Not for several threads at once."""

    def __init__(self, provider: str, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._provider, self._way, self._sleep = provider, capability_of(provider), sleep
        self._backend: Any = get_connection(backend_of(provider))
        self._backend.open()
        _read_environment_once(self._backend)
        self._payloads = PayloadFactory(self._backend)
        self._refused_in_a_row = 0

    def send(self, group: MergeGroup) -> list[Outcome]:
        """Hand over the mails of `group` in one call, or as few as it takes; an outcome for each."""
        failure = CallFailure(CallAction.BUSY, "")
        for tries in range(TRIES):
            try:
                outcomes = self._post(group)
            except Exception as error:
                failure = responses.combine_failures(failure, responses.classify_error(error))
                seconds = failure.seconds if failure.seconds is not None else FIRST_WAIT * 2**tries
                if seconds > PATIENCE or not self._may_repeat(failure):
                    break
                self._sleep(seconds)
            else:
                self._refused_in_a_row = 0
                return outcomes
        return self._end(group, failure)

    def close(self) -> None:
        self._backend.close()

    def _halves(self, group: MergeGroup) -> Iterator[MergeGroup]:
        middle = len(group.mails) // 2
        for part in (slice(middle), slice(middle, None)):
            key = idempotency_key(self._provider, group.mails[part]) if self._way.keyed else ""
            yield MergeGroup(group.shared, group.mails[part], group.values[part], key)

    def _may_repeat(self, failure: CallFailure) -> bool:
        return failure.fate is CallAction.BUSY or (failure.fate is CallAction.UNKNOWN and self._way.keyed)

    def _end(self, group: MergeGroup, failure: CallFailure) -> list[Outcome]:
        if failure.fate is CallAction.TAKEN:
            return [responses.sent(mail) for mail in group.mails]
        if failure.fate is CallAction.REFUSED:
            if len(group.mails) > 1 and self._refused_in_a_row < FAILURES:
                return [outcome for half in self._halves(group) for outcome in self.send(half)]
            self._refused_in_a_row += 1
        if failure.fate is CallAction.UNKNOWN:
            return [Outcome(mail.delivery_id, Result.UNCERTAIN, failure.reason, call=group.key) for mail in group.mails]
        # So many refused in a row: it is not about the mails.
        is_about_them = failure.fate is CallAction.REFUSED and self._refused_in_a_row < FAILURES
        result = Result.STOPPED if not is_about_them else Result.LATER if failure.unmade else Result.FAILED
        unmade = failure.unmade and is_about_them
        return [
            Outcome(mail.delivery_id, result, failure.reason, call=mail.call, unmade=unmade) for mail in group.mails
        ]

    def _post(self, group: MergeGroup) -> list[Outcome]:
        if self._way.kind is BatchMode.MANY:
            return self._post_many(group)
        message, payload = self._made(group)
        response = self._backend.post_to_esp(payload, message)
        statuses = self._backend.parse_recipient_status(response, payload, message)
        # Whom an answer does not name, reports do, and correct what is recorded here.
        mixed = Result.UNCERTAIN if self._way.names_refused else Result.SENT
        return responses.by_status(group.mails, statuses, mixed=mixed)

    def _made(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any]:
        """Return the message and its payload. Raise UnmakeableError."""
        try:
            message = self._message(group)
            return message, self._payloads.make(message)
        except Exception as error:
            raise responses.UnmakeableError(f"{type(error).__name__}: {error}") from error

    def _message(self, group: MergeGroup) -> anymail_messages.ProviderMessage:
        # django-anymail 15.2 loses the variables and headers of a Mailjet batch of one.
        if self._way.kind is BatchMode.MERGED and len(group.mails) > 1 and group.values[0]:
            message = anymail_messages.merged(group, self._way)
            message.esp_extra = deepcopy(self._way.extra)  # django-anymail writes the rest into it
        else:
            message = anymail_messages.single(group.mails[0], self._way)
        if group.key:
            message.extra_headers["idempotencyKey"] = group.key
        return message

    def _post_many(self, group: MergeGroup) -> list[Outcome]:
        backend = self._backend
        message, payload, request = self._made_of_many(group)
        response = backend.session.request(timeout=backend.timeout, **request)
        backend.raise_for_status(response, payload, message)
        if response.status_code >= 400:  # django-anymail lets a provider's refusal of content pass, to read it
            response.raise_for_status()
        return batch_apis.DIALECTS[self._provider].read(group.mails, response.json())

    def _made_of_many(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any, dict[str, Any]]:
        """Return the first message, its payload, and the request for all. Raise UnmakeableError."""
        try:
            return self._request_of_many(group)
        except Exception as error:
            raise responses.UnmakeableError(f"{type(error).__name__}: {error}") from error

    def _request_of_many(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any, dict[str, Any]]:
        api, backend, mails = batch_apis.DIALECTS[self._provider], self._backend, group.mails
        message = anymail_messages.single(mails[0], self._way)
        payload = backend.build_message_payload(message, backend.send_defaults)
        request = payload.get_request_params(backend.api_url)
        endpoint = api.endpoint
        if self._provider == "mailtrap" and backend.use_sandbox:
            endpoint = f"{endpoint}/{backend.sandbox_id}"
        request["url"] = urljoin(backend.api_url, endpoint)
        request["headers"] = request["headers"] | api.headers
        if group.key:
            request["headers"]["Idempotency-Key"] = group.key
        contents = [anymail_messages.content_of(parse_mail(mail), self._way) for mail in mails]
        request["data"] = batch_apis.body(api, payload.data, mails, contents)
        return message, payload, request


def _read_environment_once(backend: Any) -> None:
    """Proxies and certificates: a session of `requests` would look for them anew at each call, for a millisecond."""
    session = getattr(backend, "session", None)
    if isinstance(session, requests.Session):
        found = session.merge_environment_settings(backend.api_url, {}, None, None, None)
        session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False


def in_calls(provider: str, mails: list[Mail]) -> Iterator[MergeGroup]:
    """The mails, as they go into calls; those of a call that may have been made, into the same."""
    capability = capability_of(provider)
    for call, those in groupby(mails, attrgetter("call")):
        groups = list(_grouped(list(those), capability))
        for group in groups if capability.keyed else ():
            # What was one call and can't be again must not be taken for it: the key would say that all is done.
            group.key = call if call and len(groups) == 1 else idempotency_key(provider, group.mails)
        yield from groups


def _grouped(mails: list[Mail], capability: BatchCapability) -> Iterator[MergeGroup]:
    if capability.kind is BatchMode.SINGLE:
        yield from (MergeGroup(merge_variables.NOTHING, [mail], [[]]) for mail in mails)
        return
    together = (
        merge_variables.groups(mails)
        if capability.kind is BatchMode.MERGED
        else [MergeGroup(merge_variables.NOTHING, mails, [[]] * len(mails))]
    )
    for group in together:
        yield from _blocks(group, capability.most)


def _blocks(group: MergeGroup, most: int) -> Iterator[MergeGroup]:
    """By ids, at the same borders always: what is handed over again, and nobody knows of, is in the same call."""
    blocks: dict[int, MergeGroup] = {}
    for mail, values in zip(group.mails, group.values, strict=True):
        block = blocks.setdefault(mail.delivery_id // most, MergeGroup(group.shared))
        block.mails.append(mail)
        block.values.append(values)
    yield from blocks.values()
