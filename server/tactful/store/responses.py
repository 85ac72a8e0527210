"""One response with everything around it: the ask it answers, the person who gave it, their account."""

from __future__ import annotations

from tactful.store.accounts import READ_ACCOUNT
from tactful.store.clicks import CLICKS_OF_ASK
from tactful.store.script import Row, Script, one, rows

__all__ = ["read_response"]

READ_RESPONSE = """
SELECT r.response_id, r.survey_key, r.version, r.rev, r.answers, r.score, r.band, r.comment, r.done, r.test,
    r.created_at, r.updated_at, a.asked_at, a.seen_at, a.responded_at, a.dismissed_at, a.opted_out_at, a.asked_for,
    a.locale, a.page, a.event, a.per, a.variant, a.arm, a.ask_id, p.person_id, p.user_id, p.anonymous_id, p.account_id,
    p.traits, p.first_seen_at, p.created_at AS person_created_at
FROM responses r
JOIN asks a ON a.project_id = r.project_id AND a.person_id = r.person_id AND a.ask_id = r.ask_id
JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.response_id = ?
"""


def read_response(project_id: str, response_id: str) -> Script[tuple[Row, str, list[Row]] | None]:
    """Read a response, its person's account's traits as JSON, and what they did after it. None: there is none such."""
    row = yield one(READ_RESPONSE, project_id, response_id)
    if row is None:
        return None
    account = (yield one(READ_ACCOUNT, project_id, row["account_id"])) if row["account_id"] else None
    clicks: list[Row] = yield rows(CLICKS_OF_ASK, project_id, row["person_id"], row["ask_id"])
    return row, str(account["traits"]) if account else "{}", clicks
