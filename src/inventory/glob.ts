/**
 * Converts a glob in the syntax of Python's fnmatch, which Ansible uses: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`. All
 * other characters match themselves, as does an unclosed `[`. (Glob libraries are for paths: they treat "/" and braces
 * specially.)
 *
 * @throws {SyntaxError} for a reversed range, `[z-a]`.
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
