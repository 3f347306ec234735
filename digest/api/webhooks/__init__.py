"""Webhooks that this site calls when something happens: message_queue → sender → client, signed by `signatures`."""
