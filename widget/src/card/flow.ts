import type { Answers, Question } from '../wire.ts'
import { applies } from './conditions.ts'

/** Find the index of the next question to ask from index `from` on; -1 at the end. The flow only goes forward. */
export const nextQuestion = (questions: Question[], answers: Answers, from: number): number =>
  questions.findIndex((question, index) => index >= from && applies(question, questions, answers))

/** The answers to questions that are asked after the answers before them: what was said to any other is dropped. */
export const applying = (questions: Question[], answers: Answers): Answers => {
  const kept: Answers = Object.create(null)
  for (const question of questions)
    if (applies(question, questions, kept))
      for (const key of [question.id, question.id + '.other']) if (key in answers) kept[key] = answers[key]!
  return kept
}

/** Where the person is who has `gone` through so many: number `n` of `max` questions, as far as the answers tell. */
export const progress = (questions: Question[], answers: Answers, index: number, gone: number): { n: number; max: number } => {
  const after = questions.slice(index + 1).filter((question) => applies(question, questions, answers)).length
  return { n: gone + 1, max: gone + 1 + after }
}
