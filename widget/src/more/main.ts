/**
 * More: what few surveys need, in a file of its own: some controls, and what may be done with thanks. The card loads it
 * where a survey has any of it, and goes without where it cannot be loaded.
 */
import type { DrawCard } from '../wire.ts'
import { acts } from './acts.ts'
import { consent } from './consent.ts'
import { date } from './date.ts'
import { ranking } from './ranking.ts'
import css from './style.css'

declare const tactful: { card: DrawCard }

// Loaded anew for a second survey it changes nothing.
if (tactful.card.more) tactful.card.more({ acts, consent, date, ranking }, css)
delete tactful.card.more
