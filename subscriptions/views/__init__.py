"""The readers' doors: join, settle what comes, leave.

No view here needs a session or sets a cookie, and none is behind Django's CSRF check, which compares a cookie with a
field: there is no cookie that a browser would send along on another site's behalf. Instead

- behind a link of a mail, the signed token in the address is the proof: no other site knows it, and none can make it;
- on public pages anybody may do what the form does, by any program; what another site must not do is to have the
  browsers of its visitors do it. `bot_check.is_from_here` looks where the form stood, and what came from elsewhere is
  shown, not done.

That is also why they work in a mail client's browser that keeps no cookies. GET changes nothing anywhere.
"""
