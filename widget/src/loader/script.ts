/** The script tag that this runs from: what it says by `data-` attributes, which need no inline script, and its nonce. */
const { dataset, nonce } = (document.currentScript || {}) as Partial<HTMLScriptElement>
/** Without a prototype: what the tag does not say, nobody else says for it. */
const data = { __proto__: null, ...dataset } as unknown as DOMStringMap
export { data, nonce }
