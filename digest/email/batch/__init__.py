"""Emails by the hundred: templates are rendered once, cut into parts, and joined as bytes for each reader."""
