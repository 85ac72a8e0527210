/** Tell whether `href` may stand behind a link: to a page or to an address for mail, never to a script. */
export const isLink = (href: string): boolean => /^(https?:\/\/|mailto:)\S/i.test(href)
