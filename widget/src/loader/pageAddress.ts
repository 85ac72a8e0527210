/** Return `href` without its query, where secrets live; a fragment stays only if it is a route (`#/`, `#!`). */
export const pageAddress = (href: string): string => href.split(/\?|#[^/!]/)[0]!
