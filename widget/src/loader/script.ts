/** The script tag that this runs from: what it says by `data-` attributes, which need no inline script, and its nonce. */
export const { dataset: data = {} as DOMStringMap, nonce = '' } = (document.currentScript ||
  {}) as Partial<HTMLScriptElement>
