"""Portuguese, as in Brazil. What has a gender is said of the thing, not of the reader."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "Fechar",
    "back": "Voltar",
    "send": "Enviar",
    "next": "Avançar",
    "skip": "Pular",
    "dont_ask": "Não perguntar de novo",
    "of": "{n} de {max}",
    "thanks": "Obrigado!",
    "opted_out": "Tudo bem. Não vamos perguntar de novo.",
    "change": "Mudar isto",
    "required": "É preciso responder para continuar.",
    "least": "Escolher pelo menos {n}",
    "most": "Escolher até {n}",
    "characters_left": "Caracteres restantes: {n}",
    "stars": "{n} de {max} estrelas",
    "faces": "Muito insatisfatório|Insatisfatório|Neutro|Satisfatório|Muito satisfatório",
    "up": "Gostei",
    "down": "Não gostei",
    "ranked": "{option}: posição {n} de {max}",
    "rank_up": "Mover para cima",
    "rank_down": "Mover para baixo",
    "other": "Outra opção",
    "copy": "Copiar",
    "copied": "Copiado",
    "share": "Compartilhar",
    "promise": "{by} vai entrar em contato.",
    "coupon": "Código promocional",
    "not_likely": "Nada provável",
    "very_likely": "Muito provável",
    "very_dissatisfied": "Muito insatisfatório",
    "very_satisfied": "Muito satisfatório",
    "very_difficult": "Muito difícil",
    "very_easy": "Muito fácil",
}
