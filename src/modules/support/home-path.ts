import { findEntry, userEntry, type UserEntry } from './accounts.ts'
import { pathProbe, parsePathFacts, type PathFacts, type PathQuery } from './path-facts.ts'
import type { Observed } from '../script-output.ts'

/** Stands for the home in a path; has no characters that need quotes. */
const HOME = '/LB_HOME'

/** A file of a user: below the home, unless its path is absolute. */
export interface HomePathQuery extends Omit<PathQuery, 'path'> {
  /** Default: the user of the task. */
  readonly user?: string | undefined
  /** An absolute path, or one relative to the home. */
  readonly path: string
}

/** A read-only script that prints the entry of a user and facts about a path below the home. */
export function homePathProbe({ user, path, ...query }: HomePathQuery): string {
  const isBelow = !path.startsWith('/')
  const probe = pathProbe({ ...query, path: isBelow ? `${HOME}/${path}` : path })
  return [
    user === undefined ? 'lb_id=$(id -un)' : '',
    user === undefined
      ? 'lb_user=$(getent passwd "$lb_id" 2>/dev/null || grep "^$lb_id:" /etc/passwd)'
      : findEntry('lb_user', 'passwd', user),
    'printf \'%s\\n\' "$lb_user"',
    'lb_home=${lb_user%:*}; lb_home=${lb_home##*:}; lb_home=${lb_home%/}',
    isBelow ? probe.replaceAll(HOME, '"$lb_home"') : probe,
  ].join('\n')
}

/** The file of a user. */
export interface HomePath {
  /** Absolute. */
  readonly path: string
  readonly user: UserEntry
  readonly facts: PathFacts
}

/** Parses the output of {@link homePathProbe}; a string is an error message; undefined: there is no such user. */
export function parseHomePath(path: string, observed: Observed): HomePath | string | undefined {
  const end = observed.stdout.indexOf('\n')
  const line = observed.stdout.slice(0, end)
  if (line === '') return observed.exitCode === 0 ? undefined : observed.stderr.trim()
  const user = userEntry(line)
  const absolute = path.startsWith('/') ? path : `${user.home.replace(/\/$/, '')}/${path}`
  const facts = parsePathFacts({ ...observed, stdout: observed.stdout.slice(end + 1) })
  return typeof facts === 'string' ? `cannot stat ${absolute}: ${facts}` : { path: absolute, user, facts }
}
