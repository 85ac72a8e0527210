/**
 * Make an id that no other browser makes and that sorts by time. It is no secret: who it names is signed for by other
 * means. So it needs no `crypto`, whose `randomUUID` is missing on pages without TLS.
 */
export const newId = (): string => Date.now() + '-' + Math.random()
