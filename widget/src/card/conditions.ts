/**
 * Conditions of a question on an earlier answer, as `tactful.core` evaluates them; both read tests/cases/flow.json.
 * A missing answer passes only `is_not`, `not_in`, `not_contains` and `answered: false`; a number never equals a text.
 */
import type { Answers, Band, Question } from '../wire.ts'
import { bandOf } from './bands.ts'

type Test = (answer: any, value: any, bands?: Band[]) => boolean

const numbers =
  (compare: (answer: number, value: any) => boolean): Test =>
  (answer, value) =>
    typeof answer == 'number' && compare(answer, value)

const tests: Record<string, Test> = {
  band_is: (answer, value, bands) => bandOf(bands, answer) === value,
  is: (answer, value) => answer === value,
  is_not: (answer, value) => answer !== value,
  in: (answer, values) => values.includes(answer),
  not_in: (answer, values) => !values.includes(answer),
  gt: numbers((answer, value) => answer > value),
  gte: numbers((answer, value) => answer >= value),
  lt: numbers((answer, value) => answer < value),
  lte: numbers((answer, value) => answer <= value),
  between: numbers((answer, [low, high]) => low <= answer && answer <= high),
  // Of a list; the server asks this of nothing else.
  contains: (answer, value) => !!answer?.includes?.(value),
  not_contains: (answer, value) => !answer?.includes?.(value),
  answered: (answer, value) => (answer !== undefined) === value,
}

/** Tell whether `question` is to be asked after `answers`. An operator that is not known here asks it. */
export const applies = (question: Question, questions: Question[], answers: Answers): boolean => {
  if (!question.if) return true
  const [id, op, value] = question.if
  const test = tests[op]
  return !test || test(answers[id], value, questions.find((earlier) => earlier.id == id)?.bands)
}
