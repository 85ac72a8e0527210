/** The script tag that this runs from; what it says in `data-` attributes needs no inline script. */
const { dataset = {}, nonce = '' } = (document.currentScript || {}) as Partial<HTMLScriptElement>

export const data: DOMStringMap = dataset
/** What the page's policy may want of a further script. */
export { nonce }
