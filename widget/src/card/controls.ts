/**
 * The controls that a question can be drawn with: one table, by the `control` of its kind. Those that few surveys need
 * are in a file of their own (`src/more`), which adds them here.
 */
import { choice, choices } from './controls/choices.ts'
import type { Control, Drawing } from './controls/control.ts'
import { info } from './controls/info.ts'
import { faces, scale, stars, thumbs } from './controls/steps.ts'
import { text } from './controls/text.ts'

export const controls: Record<string, (drawing: Drawing) => Control> = {
  scale,
  stars,
  faces,
  thumbs,
  text,
  choice,
  choices,
  info,
}
