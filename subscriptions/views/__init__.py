"""The pages for readers: sign-up, preferences, unsubscription, data requests.

No view here uses a session or a cookie, so none needs Django's CSRF check: there is no cookie that another site could
exploit. Instead:

- Behind a link in an email, the signed token in the URL is the proof. Other sites don't know it and can't forge it.
- On public pages anyone may post the form, by any program. But another site must not make its visitors' browsers post
  it. So a form from another site (`bot_check.is_from_here`) is shown and not processed.

So the pages also work in a mail client's browser that blocks cookies. GET never changes anything.
"""
