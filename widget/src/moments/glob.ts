/**
 * The globs of surveys (`page: /app/*`), as the server understands them: `*` and `?` stand for anything, `[...]` for one
 * of some characters. The server decides anyway; this keeps a page quiet that no survey means. What cannot be turned
 * into a pattern here is left to the server.
 */
const SPECIAL = /[\\^$.|+(){}\]]/g

const pattern = (glob: string): RegExp => {
  const source = glob.replace(/\*+/g, '*').replace(/\[(!?\]?[^\]]*)\]|[^[]|\[/g, (piece, set: string | undefined) => {
    if (set) return '[' + set.replace(/\\/g, '\\\\').replace(/^\^/, '\\^').replace(/^!/, '^').replace(/^(\^?)\]/, '$1\\]').replace(/\[/g, '\\[') + ']'
    if (piece == '*') return '.*'
    if (piece == '?') return '.'
    return piece.replace(SPECIAL, '\\$&').replace('[', '\\[')
  })
  return new RegExp(`^(?:${source})$`, 'su')
}

/** Tell whether a page lies on one of `globs`: by its path, or by its whole address without query. No globs: any page. */
export const onPage = (globs: string[], { origin, pathname }: { origin: string; pathname: string }): boolean =>
  !globs[0] ||
  globs.some((glob) => {
    try {
      const matcher = pattern(glob)
      return matcher.test(pathname) || matcher.test(origin + pathname)
    } catch {
      return true
    }
  })
