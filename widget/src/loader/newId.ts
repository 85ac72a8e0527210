/** Make an id that nobody can guess and that sorts by time. `crypto.randomUUID` is missing on pages without TLS. */
export const newId = (): string => Date.now().toString(36) + '-' + crypto.getRandomValues(new Uint32Array(4)).join('')
