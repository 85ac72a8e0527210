/**
 * What the server gave the loader: a quoted placeholder, which must occur once in the built file and which the server
 * replaces by JSON. A `let`, so that no minifier takes it for a constant to copy about. The pinned loader, whose bytes
 * never change, has `src/pinned/given.ts` in place of this file.
 */
export let given: unknown = '__TACTFUL_CONFIG__'
