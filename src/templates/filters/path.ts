import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'
import { asText, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { iterate, Tuple } from '../values.ts'

const simple = (run: (path: string) => unknown): Plugin => plugin([], (value) => run(asText(value, 'a path')))

/** Python's `os.path.dirname`: everything before the last slash. */
function dirname(path: string): string {
  const head = path.slice(0, path.lastIndexOf('/') + 1)
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
}

const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function splitext(path: string): Tuple {
  const name = basename(path)
  const dot = name.lastIndexOf('.')
  const hasExtension = dot > 0 && !/^\.*$/.test(name.slice(0, dot))
  const at = path.length - (hasExtension ? name.length - dot : 0)
  return Tuple.make([path.slice(0, at), path.slice(at)])
}

function normpath(path: string): string {
  const normal = posix.normalize(path === '' ? '.' : path)
  const short = normal.length > 1 ? normal.replace(/\/$/, '') : normal
  return /^\/\/[^/]/.test(path) ? `/${short}` : short
}

const join = (parts: readonly string[]): string =>
  parts.reduce((path, part) =>
    part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`,
  )

function commonpath(paths: readonly string[]): string {
  const split = paths.map((path) => path.split('/').filter((part) => part !== '' && part !== '.'))
  const absolute = paths.map((path) => path.startsWith('/'))
  if (new Set(absolute).size !== 1) return fail('"commonpath" cannot mix absolute and relative paths')
  const [first = []] = split
  let shared = 0
  while (shared < first.length && split.every((parts) => parts[shared] === first[shared])) shared++
  return (absolute[0] === true ? '/' : '') + first.slice(0, shared).join('/')
}

export const pathFilters: Readonly<Record<string, Plugin>> = {
  basename: simple(basename),
  dirname: simple(dirname),
  splitext: simple(splitext),
  normpath: simple(normpath),
  path_join: plugin([], (value) =>
    join(typeof value === 'string' ? [value] : iterate(value).map((part) => asText(part, 'a path'))),
  ),
  relpath: plugin([['start', '.']], (value, [start]) => {
    const relative = posix.relative(asText(start, 'a path'), asText(value, 'a path'))
    return relative === '' ? '.' : relative
  }),
  commonpath: plugin([], (value) => commonpath(iterate(value).map((part) => asText(part, 'a path')))),
  expanduser: simple((path) =>
    /^~(?:\/|$)/.test(path)
      ? homedir() + path.slice(1)
      : path.startsWith('~')
        ? fail('"expanduser" supports "~/" only')
        : path,
  ),
  win_basename: simple((path) => win32.basename(path)),
  win_dirname: simple((path) => win32.dirname(path)),
}
