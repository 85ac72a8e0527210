/**
 * Whether anything may be stored or sent: as long as nobody waits for consent, and somebody sees the page. Whatever
 * stores or sends looks here, since a timer or a reply may come after consent was withdrawn.
 */
export let awake = false

export const rise = (): unknown => (awake = true)
export const rest = (): unknown => (awake = false)
