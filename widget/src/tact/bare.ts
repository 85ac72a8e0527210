/** Return `value`, as JSON has it, without prototypes: what a page put on `Object.prototype` is no field of it. */
export const bare = (value: any): any => {
  if (Object(value) === value) {
    if (!Array.isArray(value)) Object.setPrototypeOf(value, null)
    Object.values(value).forEach(bare)
  }
  return value
}
