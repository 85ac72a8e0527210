"""Code samples of the install page, with the project's own keys and addresses in them.

Each is what somebody pastes, so each is whole: nothing in it is left out but what only the reader knows, and that is
written in capitals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tactful.sources import write_yaml
from tactful.store.projects import Config
from tactful.web.files import Pinned
from tactful.web.tags import pinned_tag

__all__ = ["EVENT", "Sample", "backends", "proven", "signatures", "snippets", "survey_for", "tokens"]

#: Shown where no live survey waits for an event yet.
EVENT = "Lesson Finished"
_KEYLESS = re.compile("[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: a title, what to know about it, the code, and what it needs besides."""

    title: str
    about: str
    code: str
    also: Sample | None = None


def _script_text(text: str) -> str:
    """A JavaScript string that cannot end the script it stands in, whatever an event is called."""
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", " ").replace("\u2029", " ")


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")


def snippets(base_url: str, config: Config, event: str, pinned: Pinned) -> Sequence[Sample]:
    """The snippet: with inline scripts, by attributes alone, pinned by its hash, and from a bundled app."""
    loader = f"{base_url}/w/{config.public_key}.js"
    stub = "window.tactful=window.tactful||function(){(tactful.q=tactful.q||[]).push(arguments)}"
    inline = f"""<script>{stub}</script>
<script async src="{loader}"></script>
<script>
  tactful('identify', 'user-42', {{ plan: 'pro' }})
  tactful('track', {_script_text(event)})
</script>"""
    attributes = f"""<script async src="{loader}"
  data-user-id="user-42"
  data-traits='{{"plan":"pro"}}'></script>

<button data-tactful-track="{_attribute(event)}">Done</button>"""
    module = f"""import {{ identify, init, track }} from 'tactful'

init({{ host: '{base_url}', key: '{config.public_key}' }})
identify('user-42', {{ plan: 'pro' }})
track({_script_text(event)})"""
    return (
        Sample("Script tag", "Before the end of the body, on every page.", inline),
        Sample(
            "Strict content security policy",
            "No inline script: ids, traits and events are attributes.",
            attributes,
            also=_policy(base_url),
        ),
        Sample(
            "Every script by its hash",
            "Bytes that never change, with their hash; put in the new tag after each upgrade of Tactful.",
            pinned_tag(base_url, config.public_key, pinned),
        ),
        Sample(
            "Bundled app (npm, React, Vue and so on)",
            "With the package tactful. Under Trusted Types allow its policy too: tactful-init.",
            module,
        ),
    )


def _policy(base_url: str) -> Sample:
    """What a page's Content-Security-Policy must allow."""
    return Sample(
        "Content security policy",
        "Add to the page's policy (the last only where Trusted Types are enforced):",
        f"script-src {base_url};\nconnect-src {base_url};\ntrusted-types tactful",
    )


def signatures() -> Sequence[Sample]:
    """How a backend signs a user id."""
    return (
        Sample(
            "Python",
            "",
            "import hashlib, hmac, os\n\n"
            'secret = os.environ["TACTFUL_IDENTITY_SECRET"].encode()\n'
            "user_hash = hmac.new(secret, user_id.encode(), hashlib.sha256).hexdigest()",
        ),
        Sample(
            "Node",
            "",
            "import { createHmac } from 'node:crypto'\n\n"
            "const secret = process.env.TACTFUL_IDENTITY_SECRET\n"
            "const userHash = createHmac('sha256', secret).update(userId).digest('hex')",
        ),
        Sample(
            "Ruby",
            "",
            'require "openssl"\n\n'
            'secret = ENV.fetch("TACTFUL_IDENTITY_SECRET")\n'
            'user_hash = OpenSSL::HMAC.hexdigest("SHA256", secret, user_id)',
        ),
        Sample(
            "PHP",
            "",
            "$secret = getenv('TACTFUL_IDENTITY_SECRET');\n$userHash = hash_hmac('sha256', $userId, $secret);",
        ),
    )


def tokens() -> Sequence[Sample]:
    """How a backend makes a token that proves a user and vouches for traits."""
    return (
        Sample(
            "Python",
            "",
            "# pip install pyjwt\n"
            "import os, time\n"
            "import jwt\n\n"
            'claims = {"user_id": user_id, "plan": "pro", "exp": int(time.time()) + 3600}\n'
            'token = jwt.encode(claims, os.environ["TACTFUL_IDENTITY_SECRET"], algorithm="HS256")',
        ),
        Sample(
            "Node",
            "",
            "// npm install jsonwebtoken\n"
            "import jwt from 'jsonwebtoken'\n\n"
            "const claims = { user_id: userId, plan: 'pro' }\n"
            "const options = { algorithm: 'HS256', expiresIn: '1h' }\n"
            "const token = jwt.sign(claims, process.env.TACTFUL_IDENTITY_SECRET, options)",
        ),
        Sample(
            "Ruby",
            "",
            "# gem install jwt\n"
            'require "jwt"\n\n'
            'claims = { user_id: user_id, plan: "pro", exp: Time.now.to_i + 3600 }\n'
            'token = JWT.encode(claims, ENV.fetch("TACTFUL_IDENTITY_SECRET"), "HS256")',
        ),
        Sample(
            "PHP",
            "",
            "// composer require firebase/php-jwt\n"
            "use Firebase\\JWT\\JWT;\n\n"
            "$claims = ['user_id' => $userId, 'plan' => 'pro', 'exp' => time() + 3600];\n"
            "$token = JWT::encode($claims, getenv('TACTFUL_IDENTITY_SECRET'), 'HS256');",
        ),
    )


def proven() -> Sequence[Sample]:
    """How a page hands over what its backend made."""
    return (
        Sample("With a hash", "", "tactful('identify', userId, { plan: 'pro' }, { user_hash: userHash })"),
        Sample("With a token", "", "tactful('identify', userId, {}, { jwt: token })"),
        Sample(
            "By attributes, with either",
            "",
            '<script async src="..."\n  data-user-id="user-42"\n  data-user-hash="..."></script>',
        ),
    )


def backends(base_url: str, event: str) -> Sequence[Sample]:
    """How a backend sends an event."""
    body = json.dumps({"userId": "user-42", "event": event, "properties": {"id": "42"}}, ensure_ascii=False)
    quoted = body.replace("'", "'\\''")
    curl = " \\\n  ".join(
        (
            f'curl {base_url}/v1/track -u "$TACTFUL_WRITE_KEY:"',
            "-H 'Content-Type: application/json'",
            f"-d '{quoted}'",
        )
    )
    python = (
        "# pip install segment-analytics-python\n"
        "import os\n"
        "import segment.analytics as analytics\n\n"
        'analytics.write_key = os.environ["TACTFUL_WRITE_KEY"]\n'
        f'analytics.host = "{base_url}"\n\n'
        f'analytics.track("user-42", {json.dumps(event, ensure_ascii=False)}, {{"id": "42"}})\n'
        "analytics.flush()"
    )
    return (
        Sample("curl", "One event, to see it arrive.", curl),
        Sample("Python", "Segment's own library, unmodified. Those for other languages work the same way.", python),
    )


def survey_for(event: str, per: str | None = None) -> str:
    """A survey that waits for an event of a backend, as a file; `per` names the property to ask once for."""
    trigger = {"event": event, "source": "server"} | ({"per": f"properties.{per}"} if per else {})
    survey = {
        "key": _KEYLESS.sub("-", event.lower()).strip("-")[:40] or "survey",
        "name": f"After {event}",
        "state": "live",
        "trigger": {"any": [trigger]},
        "questions": [
            {"id": "score", "kind": "csat", "ask": "How did it go?"},
            {"id": "why", "kind": "text", "ask": "What should we know?"},
        ],
    }
    return write_yaml({"surveys": [survey]}).rstrip()
