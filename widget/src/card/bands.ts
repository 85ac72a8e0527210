import type { Answers, Band, Question, Text } from '../wire.ts'

/** Name the first band that reaches up to `score`; undefined without a score. */
export const bandOf = (bands: Band[] | undefined, score: unknown): string | undefined =>
  typeof score == 'number' ? bands?.find(([, highest]) => score <= highest)?.[0] : undefined

/** The survey's band: that of its first scored question, once it is answered. */
export const surveyBand = (questions: Question[], answers: Answers): string | undefined => {
  const scored = questions.find(({ bands }) => bands?.length)
  return scored && bandOf(scored.bands, answers[scored.id])
}

/** Choose what `text` says to `band`. */
export const textFor = (text: Text | null | undefined, band: string | undefined): string =>
  typeof text == 'object' ? (text?.by[band!] ?? text?.by.else ?? '') : text || ''
