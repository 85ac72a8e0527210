"""French. No-break spaces stand before marks; what has a gender is said of the thing, not of the reader."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "Fermer",
    "back": "Retour",
    "send": "Envoyer",
    "next": "Suivant",
    "skip": "Passer",
    "dont_ask": "Ne plus me demander",
    "of": "{n} sur {max}",
    "thanks": "Merci\u00a0!",
    "opted_out": "C’est noté. Nous ne demanderons plus.",
    "change": "Modifier ce choix",
    "required": "Une réponse est nécessaire pour continuer.",
    "least": "{n} choix au minimum",
    "most": "{n} choix au maximum",
    "characters_left": "Caractères restants\u00a0: {n}",
    "stars": "{n} sur {max} étoiles",
    "faces": "Très insatisfaisant|Insatisfaisant|Neutre|Satisfaisant|Très satisfaisant",
    "up": "J’aime",
    "down": "Je n’aime pas",
    "ranked": "{option}\u00a0: place {n} sur {max}",
    "rank_up": "Monter",
    "rank_down": "Descendre",
    "other": "Autre",
    "copy": "Copier",
    "copied": "Copié",
    "share": "Partager",
    "promise": "Une réponse viendra de {by}.",
    "coupon": "Code promo",
    "not_likely": "Pas du tout probable",
    "very_likely": "Très probable",
    "very_dissatisfied": "Très insatisfaisant",
    "very_satisfied": "Très satisfaisant",
    "very_difficult": "Très difficile",
    "very_easy": "Très facile",
}
