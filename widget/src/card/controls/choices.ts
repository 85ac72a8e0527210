/** One of several, or some of several: native radios and checkboxes, with a field beside `other`. */
import { element } from '../element.ts'
import { fill } from '../fill.ts'
import { icon, TICK } from '../icon.ts'
import { chosenOf, type Control, type Drawing, group, onPointer, option } from './control.ts'

const OTHER = 'other'

const choosing =
  (type: 'radio' | 'checkbox') =>
  (drawing: Drawing): Control => {
    const { question, words, said, given, choose } = drawing
    const { options = [], other, least, most, required, max_length } = question
    const one = type == 'radio'
    const field = element('input', { class: 'field', 'aria-label': said(other), maxlength: max_length, value: drawing.other })
    // The field is there as long as what it belongs to is chosen.
    const look = (): void => {
      field.hidden = !chosen().includes(OTHER)
    }
    const rows = element('div', {
      class: 'rows',
      onclick: onPointer(({ value }) => {
        look()
        if (value == OTHER) field.focus()
        else if (one) choose()
      }),
      onchange: look,
    })
    const inputs = [...options, ...(other ? [[OTHER, other] as const] : [])].map(([value, label]) => {
      const checked = one ? given == value : given?.includes(value)
      const input = element('input', { type, name: 'answer', value, required: one && required, checked })
      rows.append(option(input, element('i', {}, icon(TICK)), said(label)))
      return input
    })
    const chosen = (): string[] => inputs.filter(({ checked }) => checked).map(({ value }) => value)
    look()
    const few = least! > 1 && fill(words.least, least!)
    const many = !!most && fill(words.most, most)
    return {
      body: group(drawing, 'list', [few, many].filter((hint) => hint).join(' · '), rows, field),
      answer: () => (one ? chosen()[0] : chosen()[0] && chosen()),
      other: () => (field.hidden ? '' : field.value.trim()),
      fault: () => chosen()[0] && ((chosen().length < least! && few) || (chosen().length > (most || 99) && many)),
      field: chosenOf(inputs) || inputs[0],
      quick: one,
    }
  }

export const choice = choosing('radio')
export const choices = choosing('checkbox')
