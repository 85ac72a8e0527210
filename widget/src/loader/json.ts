/**
 * Write `value` as JSON that no page can bend: libraries give arrays and texts a `toJSON` of their own (Prototype.js),
 * which would write them twice. Only an object's `toJSON`, such as a date's, is heard.
 */
export const write = (value: unknown): string =>
  JSON.stringify(value, function (this: any, key, said) {
    const raw = this[key]
    return Object(raw) === raw && !raw.map ? said : raw
  })
