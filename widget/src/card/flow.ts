import type { Answers, Question } from '../wire.ts'
import { applies } from './conditions.ts'

/** Find the index of the next question to ask from index `from` on; -1 at the end. The flow only goes forward. */
export const nextQuestion = (questions: Question[], answers: Answers, from: number): number =>
  questions.findIndex((question, index) => index >= from && applies(question, questions, answers))

/** Where the person is: number `n` of `max` questions, as far as the answers tell. */
export const progress = (questions: Question[], answers: Answers, index: number): { n: number; max: number } => {
  const before = questions.slice(0, index).filter((question) => question.id in answers).length
  const after = questions.slice(index + 1).filter((question) => applies(question, questions, answers)).length
  return { n: before + 1, max: before + 1 + after }
}
