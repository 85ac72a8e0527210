/**
 * More: the controls that few surveys need, in a file of their own. The card loads it where a question is drawn by one
 * of them, and goes without that question where it cannot be loaded.
 */
import type { DrawCard } from '../wire.ts'
import { consent } from './consent.ts'
import { date } from './date.ts'
import { ranking } from './ranking.ts'
import css from './style.css'

declare const tactful: { card: DrawCard }

// Loaded anew for a second survey it changes nothing.
if (tactful.card.more) tactful.card.more({ consent, date, ranking }, css)
delete tactful.card.more
