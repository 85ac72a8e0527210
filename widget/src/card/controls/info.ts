/** A message, which is read and not answered. */
import { element } from '../element.ts'
import type { Control, Drawing } from './control.ts'

export const info = ({ question, said }: Drawing): Control => ({
  body: element('p', { id: 'ask' }, said(question.ask)),
  answer: () => undefined,
})
