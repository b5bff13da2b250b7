/**
 * Converts a glob in the syntax of Python's fnmatch, which Ansible uses: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`. A
 * reversed range, `[z-a]`, is empty. All other characters match themselves, as does an unclosed `[`. (Glob libraries
 * are for paths: they treat "/" and braces specially.)
 */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(/\[(!|(?!!))(\][^\]]*|[^\]]+)\]|[\s\S]/g, (token, not?: string, members?: string) => {
    if (members !== undefined) return `[${not === '!' ? '^' : ''}${classMembers(members)}]`
    if (token === '*') return '.*'
    if (token === '?') return '.'
    return token.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}

const classMembers = (members: string): string =>
  members.replace(/([\s\S])-([\s\S])|[\s\S]/g, (token, from?: string, to?: string) => {
    if (from === undefined || to === undefined) return classMember(token)
    return from > to ? '' : `${classMember(from)}-${classMember(to)}`
  })

const classMember = (character: string): string => character.replace(/[\\\]^[-]/, '\\$&')
