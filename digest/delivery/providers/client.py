"""A client of a provider's API. It makes calls one after another, and returns an outcome for each email of a call."""

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
from digest.delivery.providers.responses import MAX_CALL_WAIT, CallAction, CallFailure
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result

ATTEMPTS = 3  # for a call that the provider is too busy for, or can recognize by its idempotency key
FIRST_CALL_WAIT = 1.0  # seconds; doubled
MAX_REFUSALS = 20  # single emails in a row: if this many are refused, the emails are not to blame


class ProviderClient:
    """A client that keeps its connection to one provider. It is not thread-safe."""

    def __init__(self, provider: str, *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._provider, self._capability, self._sleep = provider, capability_of(provider), sleep
        self._backend: Any = get_connection(backend_of(provider))
        self._backend.open()
        _read_environment_once(self._backend)
        self._payloads = PayloadFactory(self._backend)
        self._refused_in_a_row = 0

    def send(self, group: MergeGroup) -> list[Outcome]:
        """Send the emails of `group`, in one call if possible. Return an outcome for each email."""
        failure = CallFailure(CallAction.BUSY, "")
        for tries in range(ATTEMPTS):
            try:
                outcomes = self._post(group)
            except Exception as error:
                failure = responses.combine_failures(failure, responses.classify_error(error))
                seconds = failure.seconds if failure.seconds is not None else FIRST_CALL_WAIT * 2**tries
                if seconds > MAX_CALL_WAIT or not self._may_repeat(failure):
                    break
                self._sleep(seconds)
            else:
                self._refused_in_a_row = 0
                return outcomes
        return self._outcomes_of_failure(group, failure)

    def close(self) -> None:
        self._backend.close()

    def _halves(self, group: MergeGroup) -> Iterator[MergeGroup]:
        middle = len(group.mails) // 2
        for part in (slice(middle), slice(middle, None)):
            key = idempotency_key(self._provider, group.mails[part]) if self._capability.keyed else ""
            yield MergeGroup(group.shared, group.mails[part], group.values[part], key)

    def _may_repeat(self, failure: CallFailure) -> bool:
        return failure.action is CallAction.BUSY or (failure.action is CallAction.UNKNOWN and self._capability.keyed)

    def _outcomes_of_failure(self, group: MergeGroup, failure: CallFailure) -> list[Outcome]:
        if failure.action is CallAction.TAKEN:
            return [responses.sent(mail) for mail in group.mails]
        if failure.action is CallAction.REFUSED:
            if len(group.mails) > 1 and self._refused_in_a_row < MAX_REFUSALS:
                return [outcome for half in self._halves(group) for outcome in self.send(half)]
            self._refused_in_a_row += 1
        if failure.action is CallAction.UNKNOWN:
            return [Outcome(mail.delivery_id, Result.UNCERTAIN, failure.reason, call=group.key) for mail in group.mails]
        # After this many refusals in a row the emails are not to blame.
        is_about_emails = failure.action is CallAction.REFUSED and self._refused_in_a_row < MAX_REFUSALS
        result = Result.STOPPED if not is_about_emails else Result.RETRY_LATER if failure.unmade else Result.FAILED
        unmade = failure.unmade and is_about_emails
        return [
            Outcome(mail.delivery_id, result, failure.reason, call=mail.call, unmade=unmade) for mail in group.mails
        ]

    def _post(self, group: MergeGroup) -> list[Outcome]:
        if self._capability.mode is BatchMode.MANY:
            return self._post_batch(group)
        message, payload = self._make_payload(group)
        response = self._backend.post_to_esp(payload, message)
        statuses = self._backend.parse_recipient_status(response, payload, message)
        # If the answer does not name the refused readers, later events do, and correct these outcomes.
        mixed = Result.UNCERTAIN if self._capability.names_refused else Result.SENT
        return responses.by_status(group.mails, statuses, mixed=mixed)

    def _make_payload(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any]:
        """Return the message and its payload. Raise UnmakeableError."""
        try:
            message = self._message(group)
            return message, self._payloads.make(message)
        except Exception as error:
            raise responses.UnmakeableError(f"{type(error).__name__}: {error}") from error

    def _message(self, group: MergeGroup) -> anymail_messages.ProviderMessage:
        # django-anymail 15.2 loses the variables and headers of a Mailjet batch of one email.
        if self._capability.mode is BatchMode.MERGED and len(group.mails) > 1 and group.values[0]:
            message = anymail_messages.merged(group, self._capability)
            message.esp_extra = deepcopy(self._capability.esp_extra)  # django-anymail writes the rest into it
        else:
            message = anymail_messages.single(group.mails[0], self._capability)
        if group.key:
            message.extra_headers["idempotencyKey"] = group.key
        return message

    def _post_batch(self, group: MergeGroup) -> list[Outcome]:
        backend = self._backend
        message, payload, request = self._make_batch_request(group)
        response = backend.session.request(timeout=backend.timeout, **request)
        backend.raise_for_status(response, payload, message)
        if response.status_code >= 400:  # django-anymail lets some refusals pass, so that it can read them
            response.raise_for_status()
        return batch_apis.BATCH_APIS[self._provider].read(group.mails, response.json())

    def _make_batch_request(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any, dict[str, Any]]:
        """Return the first message, its payload, and the request for all emails. Raise UnmakeableError."""
        try:
            return self._batch_request(group)
        except Exception as error:
            raise responses.UnmakeableError(f"{type(error).__name__}: {error}") from error

    def _batch_request(self, group: MergeGroup) -> tuple[anymail_messages.ProviderMessage, Any, dict[str, Any]]:
        api, backend, mails = batch_apis.BATCH_APIS[self._provider], self._backend, group.mails
        message = anymail_messages.single(mails[0], self._capability)
        payload = backend.build_message_payload(message, backend.send_defaults)
        request = payload.get_request_params(backend.api_url)
        endpoint = api.endpoint
        if self._provider == "mailtrap" and backend.use_sandbox:
            endpoint = f"{endpoint}/{backend.sandbox_id}"
        request["url"] = urljoin(backend.api_url, endpoint)
        request["headers"] = request["headers"] | api.headers
        if group.key:
            request["headers"]["Idempotency-Key"] = group.key
        contents = [anymail_messages.content_of(parse_mail(mail), self._capability) for mail in mails]
        request["data"] = batch_apis.body(api, payload.data, mails, contents)
        return message, payload, request


def _read_environment_once(backend: Any) -> None:
    """Read proxies and certificates from the environment once.

    `requests` does so on every call, which takes a millisecond.
    """
    session = getattr(backend, "session", None)
    if isinstance(session, requests.Session):
        environment = session.merge_environment_settings(backend.api_url, {}, None, None, None)
        session.proxies, session.verify, session.trust_env = environment["proxies"], environment["verify"], False


def group_into_calls(provider: str, mails: list[Mail]) -> Iterator[MergeGroup]:
    """Group emails into calls. Emails that may already have gone out in one call stay together."""
    capability = capability_of(provider)
    for call, same_call in groupby(mails, attrgetter("call")):
        groups = list(_group(list(same_call), capability))
        for group in groups if capability.keyed else ():
            # If an earlier call now needs several calls, none of them may have its key, or the provider skips them all.
            group.key = call if call and len(groups) == 1 else idempotency_key(provider, group.mails)
        yield from groups


def _group(mails: list[Mail], capability: BatchCapability) -> Iterator[MergeGroup]:
    if capability.mode is BatchMode.SINGLE:
        yield from (MergeGroup(merge_variables.NO_CONTENT, [mail], [[]]) for mail in mails)
        return
    groups = (
        merge_variables.group_by_content(mails)
        if capability.mode is BatchMode.MERGED
        else [MergeGroup(merge_variables.NO_CONTENT, mails, [[]] * len(mails))]
    )
    for group in groups:
        yield from _split_at_fixed_ids(group, capability.max_emails)


def _split_at_fixed_ids(group: MergeGroup, most: int) -> Iterator[MergeGroup]:
    """Split at fixed delivery ids, so that a repeated call holds the same emails and has the same idempotency key."""
    blocks: dict[int, MergeGroup] = {}
    for mail, values in zip(group.mails, group.values, strict=True):
        block = blocks.setdefault(mail.delivery_id // most, MergeGroup(group.shared))
        block.mails.append(mail)
        block.values.append(values)
    yield from blocks.values()
