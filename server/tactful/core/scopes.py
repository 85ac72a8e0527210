"""Scopes beyond one person: an account, the whole project, or everybody with the same value of a trait.

A rule over a scope counts what happened to all its people. Each ask leaves its mark under the scopes that its person
belonged to *at that moment*: somebody who changes accounts takes nothing along, and nothing is forgotten that the old
account has borne. So a rule over an account or the project looks back over everything; one over a trait over what was
asked since some rule of the project named that trait.

Who has no account is bound by no rule over accounts: there is nobody to protect. Who lacks the value that a `same`
rule goes by is not asked at all, because the rule could not tell (it fails closed).

A transaction that asks locks the scopes of its rules, after the person and always in the order of `locks_for`, so that
two people of one account cannot both take its last place, and no two transactions wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tactful.core.conditions import look_up
from tactful.core.people import Person, Tally
from tactful.core.policy import Policy, Rule

__all__ = ["PROJECT", "Wanted", "locks_for", "marks_of", "same_value", "scope_of", "tally_of", "wanted"]

PROJECT = "project"

_LONGEST_VALUE = 200
#: The order in which scopes are locked.
_ORDER = {"account": 0, "same": 1, "project": 2}

#: How much of each tally a decision needs: the highest cap and the longest window that ask for it.
Wanted = dict[Tally, tuple[int, int]]


def same_value(person: Person, trait: str) -> str | None:
    """The person's value at the path `trait` as text; None where there is none that could be compared."""
    root, _, path = trait.partition(".")
    values: Mapping[str, object] = person.traits if root == "traits" else person.account
    found = look_up(values, path)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, int | float):
        return str(found)
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST_VALUE else None


def scope_of(rule: Rule, person: Person) -> str | None:
    """Name the scope that `rule` counts over for `person`; None where they belong to none."""
    if rule.scope == "project":
        return PROJECT
    if rule.scope == "account":
        return None if person.account_id is None else f"account:{person.account_id}"
    assert rule.trait is not None, f"rule {rule.id} goes by no trait"
    value = same_value(person, rule.trait)
    return None if value is None else f"same:{rule.trait}={value}"


def tally_of(rule: Rule, this: str, scope: str) -> Tally:
    """What `rule` counts in `scope` when the survey with the key `this` is decided."""
    return Tally(scope, f"survey:{this}" if rule.surveys == "this" else rule.surveys, rule.count)


def _scoped(rules: Iterable[Rule], person: Person) -> Iterable[tuple[Rule, str]]:
    for rule in rules:
        if rule.scope != "person":
            scope = scope_of(rule, person)
            if scope is not None:
                yield rule, scope


def wanted(rules_by_survey: Iterable[tuple[str, Iterable[Rule]]], person: Person) -> Wanted:
    """What must be counted beyond the person before surveys (key and rules of each) can be decided."""
    found: Wanted = {}
    for key, rules in rules_by_survey:
        for rule, scope in _scoped(rules, person):
            tally = tally_of(rule, key, scope)
            cap, window_ms = found.get(tally, (0, 0))
            found[tally] = max(cap, rule.cap), max(window_ms, rule.window_ms)
    return found


def locks_for(rules: Iterable[Rule], person: Person) -> list[str]:
    """The scopes that an ask under `rules` must lock, in the one order that everybody keeps."""
    scopes = {scope for _, scope in _scoped(rules, person)}
    return sorted(scopes, key=lambda scope: (_ORDER[scope.partition(":")[0]], scope))


def marks_of(policy: Policy, person: Person) -> list[str]:
    """The scopes under which an ask of `person` is to be found later: their account, and every value that a rule of the
    policy goes by. The project needs no mark: its asks are all of them."""
    account = () if person.account_id is None else (f"account:{person.account_id}",)
    same = (rule for rule in policy.rules if rule.scope == "same")
    return sorted({*account, *(scope for _, scope in _scoped(same, person))})
