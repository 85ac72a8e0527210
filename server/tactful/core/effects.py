"""What a changed definition means for people, in sentences: who is asked now, who is not any more, and what is void.

The difference of two definitions says what was written; this says what follows from it. Only what a careful reader
might overlook is told: that a new version makes offers void, that a rule counts what happened before it, that a
sample keeps whom it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tactful.core.policy import Policy, Rule
from tactful.core.spans import format_span
from tactful.core.surveys import Survey
from tactful.core.trigger import counter_of

__all__ = ["policy_effects", "survey_effects"]


def survey_effects(before: Survey | None, after: Survey, policy: Policy, void: int | None) -> tuple[str, ...]:
    """Say what the change from `before` (None: there was none) to `after` means under `policy`.

    `void` is the version that a new one follows, None where none is made.
    """
    return (*_state(before, after), *(_content(before, after, void) if before else ()), *_strangers(after, policy))


def policy_effects(before: Policy, after: Policy) -> tuple[str, ...]:
    """Say what the change of the policy means, rule by rule."""
    return tuple(_policy(before, after))


def _state(before: Survey | None, after: Survey) -> Iterator[str]:
    was = before.state if before else None
    if after.state == "live" and was != "live":
        if after.trigger.any:
            yield "Whoever meets its trigger, its audience and the rules can be asked from now on."
        else:
            yield "It has no trigger: only `show` asks it."
    elif was == "live" and after.state != "live":
        yield "Nobody is asked it any more; cards that are open can still be answered."


def _content(before: Survey, after: Survey, void: int | None) -> Iterator[str]:
    if void is not None and before.state == "live":
        yield f"Offers under way for version {void} become void; cards that are open can still be answered."
    yield from _questions(before, after)
    yield from _variants(before, after)
    yield from _audience(before, after)
    yield from _throttle(before, after)
    if before.tags != after.tags:
        yield "Rules by tag: earlier asks keep the tags that they were asked with."
    counted = {counter_of(one) for one in before.trigger.any if one.nth}
    for one in after.trigger.any:
        if one.nth and counter_of(one) not in counted:
            yield f"Occurrences of `{one.event}` are counted from now on; earlier ones do not count."


def _questions(before: Survey, after: Survey) -> Iterator[str]:
    was, now = ({question.id: question for question in one.questions} for one in (before, after))
    for name in was:
        if name not in now:
            yield f"Question `{name}` is not asked any more; the answers to it are kept."
        elif not was[name].kind.adds_up_with(now[name].kind):
            yield f"Question `{name}` takes another kind of answer; earlier ones to it are kept as they are."
        else:
            for option in was[name].choices:
                if option not in now[name].choices:
                    yield f"Question `{name}` does not offer `{option}` any more; the answers that chose it are kept."


def _variants(before: Survey, after: Survey) -> Iterator[str]:
    was, now = ({one.name: one.weight for one in survey.variants} for survey in (before, after))
    if now and was.keys() - now.keys():
        gone = ", ".join(f"`{name}`" for name in was if name not in now)
        yield f"Whoever was asked with variant {gone}, which is removed, is told another one."
    if was and now and was != now:
        yield "Whoever was asked keeps their variant while there is one of that name; the weights decide for others."
    if before.arm != after.arm and after.arm is not None:
        yield f"Asks from now on keep the value of `{after.arm}`; earlier ones are not compared by it."


def _audience(before: Survey, after: Survey) -> Iterator[str]:
    was, now = before.audience.sample, after.audience.sample
    if now > was:
        yield f"The sample grows from {_share(was)} to {_share(now)}; whoever was in it stays in it."
    elif now < was:
        yield f"The sample shrinks from {_share(was)} to {_share(now)}; whoever is in it now was in it before."


def _throttle(before: Survey, after: Survey) -> Iterator[str]:
    was, now = before.throttle, after.throttle
    yield from _span("The same person can be asked it again after", was.repeat_ms, now.repeat_ms)
    yield from _span("It waits until people have been known for", was.tenure_ms, now.tenure_ms)
    if was.reserve_ms != now.reserve_ms:
        spans = f"{_or_never(now.reserve_ms)} instead of {_or_never(was.reserve_ms)}"
        yield f"Surveys of lower priority wait for it for {spans}."
    if was.spread_ms != now.spread_ms:
        yield f"Its people meet it over {_or_never(now.spread_ms)} instead of {_or_never(was.spread_ms)}."
    if (before.enough, before.quota) != (after.enough, after.quota):
        yield "It stops asking by other numbers than before; what was answered already counts for them."
    for rule in sorted(now.ignores - was.ignores):
        yield f"It may now pass rule `{rule}`."
    for rule in sorted(was.ignores - now.ignores):
        yield f"It may not pass rule `{rule}` any more."


def _strangers(after: Survey, policy: Policy) -> Iterator[str]:
    for rule in sorted(after.throttle.ignores - {one.id for one in policy.rules}):
        yield f"It ignores rule `{rule}`, which the policy does not have."


def _policy(before: Policy, after: Policy) -> Iterator[str]:
    was, now = ({rule.id: rule for rule in one.rules} for one in (before, after))
    for name, rule in was.items():
        if name not in now:
            yield f"Rule `{name}` is removed: it holds nobody back any more."
        elif now[name] != rule:
            yield f"Rule `{name}` {_compared(rule, now[name])}"
    for name in now:
        if name not in was:
            yield f"Rule `{name}` is new and counts what happened before it, too."
    yield from _span("People can be asked when they have been known for", before.tenure_ms, after.tenure_ms)
    if before.holdout != after.holdout:
        yield f"{_share(after.holdout)} of people are never asked, instead of {_share(before.holdout)}."


def _compared(was: Rule, now: Rule) -> str:
    """Say how a rule changed: tighter, looser, or that it counts something else."""
    told = f"from {_amount(was)} to {_amount(now)}"
    if replace(was, cap=now.cap, window_ms=now.window_ms) != now:
        return "counts something else than before."
    if now.cap <= was.cap and now.window_ms >= was.window_ms:
        return f"is tightened, {told}: whoever is above it now is not asked until the count falls."
    if now.cap >= was.cap and now.window_ms <= was.window_ms:
        return f"is loosened, {told}."
    return f"changes {told}: tighter for some and looser for others."


def _amount(rule: Rule) -> str:
    return f"{rule.cap} in {format_span(rule.window_ms)}"


def _span(what: str, was: int | None, now: int | None) -> Iterator[str]:
    if was != now:
        yield f"{what} {_told(now)} instead of {_told(was)}."


def _told(span_ms: int | None) -> str:
    return "what the policy says" if span_ms is None else format_span(span_ms)


def _or_never(span_ms: int | None) -> str:
    return "no time" if span_ms is None else format_span(span_ms)


def _share(share: float) -> str:
    return f"{100 * share:.4g} %"
