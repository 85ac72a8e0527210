/** Where the card stands and under which sign. */
import type { Look } from '../wire.ts'
import { element } from './element.ts'

/** The element of the page that the card goes into; null where it goes into none, or into none that is there. */
export const placeFor = ({ position, target }: Look): Element | null => (position == 'inline' ? document.getElementById(target!) : null)

/** The survey's logo: of a fixed size, so that nothing moves when it comes, and told nothing of the page. */
export const logoOf = ({ logo }: Look): HTMLElement | false | null | undefined =>
  logo && element('img', { class: 'logo', alt: logo.alt, referrerpolicy: 'no-referrer', src: logo.url })
