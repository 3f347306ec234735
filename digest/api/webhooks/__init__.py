"""Webhooks that this site calls when something happens: outbox → sender → client, signed by `signatures`."""
