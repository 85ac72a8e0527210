/** A day, by the browser's own field: it speaks the person's language and calendar habits and works by every hand. */
import { element } from '../card/element.ts'
import { type Control, type Drawing, labelled } from '../card/controls/control.ts'

export const date = (drawing: Drawing): Control => {
  const { earliest: min, latest: max, required } = drawing.question
  const field = element('input', { id: 'field', class: 'field', type: 'date', min, max, required, value: drawing.given })
  return {
    body: labelled(drawing, field),
    answer: () => field.value || undefined,
    // Half a date has no value and would be lost without a word. What is missing altogether is the card's to tell.
    fault: () => !field.validity.valueMissing && field.validationMessage,
    field,
  }
}
