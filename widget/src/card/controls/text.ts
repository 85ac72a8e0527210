/** Words of one's own, in one line or several, with what is left of the limit once it comes near. */
import { element } from '../element.ts'
import { fill } from '../fill.ts'
import { type Control, type Drawing, labelled } from './control.ts'

/** From so many characters left on they are counted, and told aloud where this many divide them. */
const NEAR = 100
const TOLD = 20

export const text = (drawing: Drawing): Control => {
  const { question, words, said, given, say } = drawing
  const { rows, max_length, required } = question
  const most = max_length!
  const count = element('p', { class: 'count' })
  const field: HTMLInputElement | HTMLTextAreaElement = element(rows! > 1 ? 'textarea' : 'input', {
    id: 'field',
    class: 'field',
    rows,
    maxlength: most,
    required,
    placeholder: said(question.placeholder),
    oninput: () => {
      const left = most - field.value.length
      count.textContent = left > NEAR ? '' : fill(words.characters_left, left)
      if (left % TOLD == 0) say(count.textContent)
    },
  })
  field.value = given || ''
  return { body: labelled(drawing, field, count), answer: () => field.value.trim() || undefined, field }
}
