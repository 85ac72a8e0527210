"""`/projects/{project_id}/receivers/{key}/edit`: the definition of a receiver as a form, with every fault beside its
field (`receiver_form.py`).
"""

from __future__ import annotations

from starlette.responses import Response

from tactful.core.reading import read_receiver
from tactful.core.receivers import Receiver
from tactful.errors import Conflict
from tactful.store.receivers import change_receiver
from tactful.web.access import page_response
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.receiver_form import Form, filled, from_form, with_faults
from tactful.web.dashboard.receivers import act_of, here, stored_of
from tactful.web.forms import read_form
from tactful.web.login import go_to

__all__ = ["change", "edit"]

#: The kinds of proof, the strongest first: how each is called, and what it means.
_KINDS = (
    ("hmac", "A signature", "over what was sent, made with the secret"),
    ("bearer", "A token", "the secret, after `Authorization: Bearer`"),
    ("basic", "A user name and a password", "the secret is the password"),
    ("header", "A header", "the secret is its value"),
    ("none", "Nothing", "whoever knows the address is believed"),
)


@member_page("settings", "admin")
async def edit(look: Look) -> str:
    """`GET`: the form, with what the receiver says."""
    receiver = (await stored_of(look)).stored.receiver
    return _page(look, receiver, filled(receiver))


@member_page("settings", "admin")
async def change(look: Look) -> str | Response:
    """`POST`: let the receiver say what the form says."""
    values, stored = dict(await read_form(look.request)), (await stored_of(look)).stored
    definition, unread = from_form(values, stored.receiver.key)
    reading = read_receiver(definition)
    if unread or reading.value is None:
        return page_response(_page(look, stored.receiver, with_faults(values, reading.faults, unread)), 422)
    try:
        await look.service.db.run(change_receiver, look.project_id, reading.value, act_of(look))
    except Conflict as unfit:
        form = Form(values, {"auth_kind": (unfit.message,)})
        return page_response(_page(look, stored.receiver, form), unfit.status)
    return go_to(f"{here(look, stored.receiver.key)}?done=saved#reading")


def _page(look: Look, receiver: Receiver, form: Form) -> str:
    return look.render(
        "receivers/edit.html", title=f"{receiver.name}: how it is read", receiver=receiver, form=form, kinds=_KINDS
    )
