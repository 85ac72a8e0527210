"""Spanish. Neither tú nor usted; what has a gender is said of the thing, not of the reader."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "close": "Cerrar",
    "back": "Atrás",
    "send": "Enviar",
    "next": "Siguiente",
    "skip": "Omitir",
    "dont_ask": "No volver a preguntar",
    "of": "{n} de {max}",
    "thanks": "¡Gracias!",
    "opted_out": "De acuerdo. No volveremos a preguntar.",
    "change": "Cambiar esto",
    "required": "Hace falta una respuesta para continuar.",
    "least": "Elegir al menos {n}",
    "most": "Elegir {n} como máximo",
    "characters_left": "Caracteres restantes: {n}",
    "stars": "{n} de {max} estrellas",
    "faces": "Muy insatisfactorio|Insatisfactorio|Neutral|Satisfactorio|Muy satisfactorio",
    "up": "Me gusta",
    "down": "No me gusta",
    "ranked": "{option}: puesto {n} de {max}",
    "rank_up": "Subir",
    "rank_down": "Bajar",
    "other": "Otra opción",
    "copy": "Copiar",
    "copied": "Copiado",
    "share": "Compartir",
    "promise": "Habrá respuesta de {by}.",
    "coupon": "Código promocional",
    "not_likely": "Nada probable",
    "very_likely": "Muy probable",
    "very_dissatisfied": "Muy insatisfactorio",
    "very_satisfied": "Muy satisfactorio",
    "very_difficult": "Muy difícil",
    "very_easy": "Muy fácil",
}
