/**
 * A shell glob as Python's fnmatch reads it, which is what Ansible uses: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`. All
 * other characters stand for themselves, and so does a `[` that is never closed. (Libraries for globs have paths in
 * mind, where "/" and braces mean something.)
 *
 * @throws {SyntaxError} for a range that runs backwards, `[z-a]`.
 */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\[(!?)(\]?[^\]]*)\]|[\s\S]/g, (token, not?: string, members?: string) => {
    if (members !== undefined) return `[${not ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`
    if (token === '*') return '.*'
    if (token === '?') return '.'
    return token.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}
