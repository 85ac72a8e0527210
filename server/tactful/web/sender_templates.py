"""Products that post their events to `/v1/track` themselves, and what is pasted into each: one table for the
documentation and for the dashboard's pages.

A template is for a product whose webhook lets its owner write the body. Whose webhooks cannot be shaped, and are signed
instead, needs a receiver (`core/receivers.py`). Everything is written for the service of the documentation; whoever
shows it puts the service's own address in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["EVENT", "TEMPLATES", "Place", "Template", "at", "find_template"]

_BASE = "https://surveys.example.com"
ADDRESS = f"{_BASE}/v1/track"
EVENT = "Ticket Closed"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a body that the other product fills: how it is written, what comes there, and an example."""

    written: str
    about: str
    example: str


@dataclass(frozen=True, slots=True)
class Template:
    """What to do in one product: sentences with code between backticks, of which the one that ends with a colon is
    followed by `paste`.

    `body` is what the product then sends, with its places unfilled; `paste` is the body unless more is pasted."""

    name: str
    title: str
    about: str
    steps: tuple[str, ...]
    body: str
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()
    paste: str = ""

    def filled(self) -> str:
        """The body as it arrives, with the examples in its places."""
        text = self.body
        for place in self.places:
            text = text.replace(place.written, place.example)
        return text


def at(base_url: str, template: Template) -> Template:
    """The template for the service at `base_url`."""
    steps = tuple(step.replace(_BASE, base_url) for step in template.steps)
    return replace(template, steps=steps, paste=template.paste.replace(_BASE, base_url))


def _body(message: Mapping[str, object]) -> str:
    return json.dumps(message, indent=2, ensure_ascii=False)


def _ticket(message_id: str, user_id: str, ticket_id: str, agent: str) -> str:
    properties = {"ticket_id": ticket_id, "agent": agent}
    return _body({"messageId": message_id, "userId": user_id, "event": EVENT, "properties": properties})


def _template(one: Template) -> Template:
    return replace(one, paste=one.paste or one.body)


#: Some products insist on a password. Any will do: it is not looked at.
_KEY = "user name `WRITE_KEY`, password `x`"

_ZENDESK = Template(
    name="zendesk",
    title="Zendesk",
    about="A trigger that calls a webhook when a ticket is solved.",
    steps=(
        "In Admin Center, under Apps and integrations, Webhooks, create a webhook for a trigger or automation.",
        f"Endpoint URL `{ADDRESS}`, request method `POST`, request format `JSON`, authentication `Basic`: {_KEY}.",
        "Under Objects and rules, Triggers, create a trigger with the condition Ticket status, Changed to, Solved.",
        "As its action choose Notify by, Active webhook, and the webhook. Paste this as the JSON body:",
    ),
    body=_ticket(
        "zendesk-{{ticket.id}}-{{ticket.updated_at_with_timestamp}}",
        "{{ticket.requester.external_id}}",
        "{{ticket.id}}",
        "{{ticket.assignee.first_name}}",
    ),
    places=(
        Place("{{ticket.requester.external_id}}", "the requester's external id", "user-42"),
        Place("{{ticket.id}}", "the ticket's number", "35436"),
        Place("{{ticket.assignee.first_name}}", "the agent's first name", "Maya"),
        Place("{{ticket.updated_at_with_timestamp}}", "when it was solved", "2026-11-20T09:30Z"),
    ),
    notes=("Zendesk knows your user id only if you give it to Zendesk as the external id of the user.",),
)

_ZAMMAD = Template(
    name="zammad",
    title="Zammad",
    about="A trigger that calls a webhook when a ticket is closed.",
    steps=(
        "In the admin settings, under Manage, Webhook, add a new webhook.",
        f"Endpoint `{ADDRESS}`, request method `POST`, authentication `HTTP Basic Authentication`: {_KEY}.",
        "In the same form, turn on Custom Payload, paste this and save:",
        "Under Manage, Trigger, add a trigger with the conditions State has changed and State is closed.",
        "As its action choose the webhook.",
    ),
    body=_ticket(
        "zammad-#{ticket.id}-#{ticket.updated_at}",
        "#{ticket.customer.login}",
        "#{ticket.number}",
        "#{ticket.owner.firstname}",
    ),
    places=(
        Place("#{ticket.customer.login}", "the customer's login", "user-42"),
        Place("#{ticket.number}", "the ticket's number", "81001"),
        Place("#{ticket.owner.firstname}", "the agent's first name", "Maya"),
        Place("#{ticket.id}", "the ticket's id", "1001"),
        Place("#{ticket.updated_at}", "when it was closed", "2026-11-20 09:30:00 UTC"),
    ),
    notes=("A customer's login is an e-mail address unless your log-in made it something else.",),
)

_FRESHDESK = Template(
    name="freshdesk",
    title="Freshdesk",
    about="An automation that calls a webhook when a ticket is resolved.",
    steps=(
        "In Admin, under Workflows, Automations, Ticket updates, make a rule.",
        "Its event: Status is changed, from Any status, to Resolved.",
        f"Its action: Trigger webhook, request type `POST`, URL `{ADDRESS}`, Requires authentication: {_KEY}.",
        "Choose the encoding `JSON` and the content `Advanced`. Paste this:",
    ),
    body=_ticket(
        "freshdesk-{{ticket.id}}",
        "{{ticket.contact.unique_external_id}}",
        "{{ticket.id}}",
        "{{ticket.agent.name}}",
    ),
    places=(
        Place("{{ticket.contact.unique_external_id}}", "the contact's unique external id", "user-42"),
        Place("{{ticket.id}}", "the ticket's number", "1204"),
        Place("{{ticket.agent.name}}", "the agent's name", "Maya"),
    ),
    notes=(
        "Freshdesk knows your user id only if you give it to Freshdesk as the contact's unique external id.",
        "A ticket that is resolved twice within 7 days counts once.",
    ),
)

_HUBSPOT = Template(
    name="hubspot",
    title="HubSpot workflows",
    about="A workflow with the action Send a webhook.",
    steps=(
        "In Automation, Workflows, make a workflow that enrols a ticket when its status is Closed.",
        "Add the action Send a webhook.",
        f"Method `POST`, webhook URL `{ADDRESS}`.",
        "Authentication type `API key`: API key name `Authorization`, location `Request header`.",
        "As the API key add a secret whose value is `Bearer WRITE_KEY`.",
        "Choose Customize request body, and add a static field `event` with the value `Ticket Closed`.",
        "Add a field `userId` from the contact's property that holds your user id. HubSpot makes this of both:",
    ),
    body=_body({"event": EVENT, "userId": "USER_ID"}),
    places=(Place("USER_ID", "the contact's property with your user id", "user-42"),),
    notes=(
        "Such a body is flat, so the event brings no properties.",
        "Where a survey needs one, let the workflow call a receiver with a token instead: it finds them anywhere.",
    ),
)

_N8N_BODY = _ticket(
    "n8n-{{ $execution.id }}-{{ $itemIndex }}",
    "{{ $json.user_id }}",
    "{{ $json.ticket_id }}",
    "{{ $json.agent }}",
)
_N8N = Template(
    name="n8n",
    title="n8n",
    about="An HTTP Request node at the end of any workflow.",
    steps=(
        "Copy this node, click into the canvas of your workflow, paste, and connect it:",
        f"As its credential make one for Basic Auth: {_KEY}.",
        "In its JSON, let `$json.user_id`, `$json.ticket_id` and `$json.agent` be what your workflow calls them.",
    ),
    body=_N8N_BODY,
    paste=_body(
        {
            "nodes": [
                {
                    "name": f"Tell Tactful: {EVENT}",
                    "type": "n8n-nodes-base.httpRequest",
                    "typeVersion": 4.2,
                    "position": [0, 0],
                    "parameters": {
                        "method": "POST",
                        "url": ADDRESS,
                        "authentication": "genericCredentialType",
                        "genericAuthType": "httpBasicAuth",
                        "sendBody": True,
                        "specifyBody": "json",
                        "jsonBody": f"={_N8N_BODY}",
                        "options": {},
                    },
                }
            ],
            "connections": {},
        }
    ),
    places=(
        Place("{{ $json.user_id }}", "your user id, from the node before", "user-42"),
        Place("{{ $json.ticket_id }}", "the ticket, from the node before", "T-1001"),
        Place("{{ $json.agent }}", "the agent, from the node before", "Maya"),
        Place("{{ $execution.id }}", "the run of the workflow", "231"),
        Place("{{ $itemIndex }}", "the item in the run", "0"),
    ),
)

_ZAPIER = Template(
    name="zapier",
    title="Zapier",
    about="A Webhooks by Zapier step at the end of any Zap.",
    steps=(
        "Add the action Webhooks by Zapier with the event Custom Request.",
        f"Method `POST`, URL `{ADDRESS}`, basic auth `WRITE_KEY|x`.",
        "As data paste this, and put fields of the earlier steps in the place of the words in capitals:",
    ),
    body=_ticket("zapier-TICKET_ID", "USER_ID", "TICKET_ID", "AGENT"),
    places=(
        Place("USER_ID", "your user id", "user-42"),
        Place("TICKET_ID", "the ticket", "T-1001"),
        Place("AGENT", "the agent's first name", "Maya"),
    ),
    notes=("A ticket that is closed twice within 7 days counts once.",),
)

TEMPLATES: tuple[Template, ...] = tuple(
    _template(one) for one in (_ZENDESK, _ZAMMAD, _FRESHDESK, _HUBSPOT, _N8N, _ZAPIER)
)


def find_template(name: str) -> Template | None:
    """The template of this name."""
    return next((one for one in TEMPLATES if one.name == name), None)
