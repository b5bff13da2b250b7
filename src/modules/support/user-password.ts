import { raw, sh } from '../../shell/quote.ts'
import { reveal, secret, type Secret } from '../../values/secret.ts'
import { entryOf } from './accounts.ts'

/** Parameters of the `user` module about its entry in the shadow file. */
export interface PasswordParams {
  readonly name: string
  readonly password?: Secret | undefined
  readonly password_lock?: boolean | undefined
  /** Seconds since 1970; negative: never. */
  readonly expires?: number | undefined
}

/**
 * Password of a user between its creation and `chpasswd`: useradd would take a real one only in its arguments, where
 * every user can read it. It matches no password, and a run after a killed one finds it.
 */
export const UNSET_PASSWORD = '!labbook'

/** What the probe finds in the shadow file. */
export interface FoundPassword {
  readonly passwordSame: boolean
  /** A run was killed before it set the password of a new user. */
  readonly passwordUnset: boolean
  readonly isLocked: boolean
  /** There is a hash, locked or not. */
  readonly hasHash: boolean
  /** Days since 1970; undefined: never. */
  readonly expires: number | undefined
}

/** Shell text that compares the password, so that the old hash is in no output. */
export function probeOfPassword({ name, password, password_lock, expires }: PasswordParams): string[] {
  if (password === undefined && password_lock === undefined && expires === undefined) return []
  return [
    sh`lb_shadow=$(${raw(entryOf('shadow', name))} 2>/dev/null)`,
    'lb_hash=${lb_shadow#*:}; lb_hash=${lb_hash%%:*}',
    ...(password === undefined
      ? []
      : [
          sh`lb_wanted=${password}`,
          'if [ "$lb_hash" = "$lb_wanted" ]; then echo password-same',
          `elif [ "$lb_hash" = '${UNSET_PASSWORD}' ]; then echo password-unset`,
          // A locked account keeps its hash behind exclamation marks, and stays locked.
          'elif [ -n "$lb_hash" ] && [ "${lb_hash#"${lb_hash%%[!!]*}"}" = "${lb_wanted#!}" ]; then',
          '  case $lb_wanted in !?*) ;; *) echo password-same ;; esac',
          'fi',
          'lb_wanted=',
        ]),
    ...(password_lock === undefined
      ? []
      : [
          'case $lb_hash in !*) echo locked ;; esac',
          `case \${lb_hash#"\${lb_hash%%[!!]*}"} in '' | ${UNSET_PASSWORD.slice(1)}) ;; *) echo hash ;; esac`,
        ]),
    ...(expires === undefined ? [] : ['lb_hash=${lb_shadow#*:*:*:*:*:*:*:}; printf "expires %s\\n" "${lb_hash%%:*}"']),
    'lb_shadow= lb_hash=',
  ]
}

/** Parses the lines of {@link probeOfPassword}. */
export function parsePassword(lines: readonly string[]): FoundPassword {
  const days = lines.find((line) => line.startsWith('expires '))?.slice('expires '.length) ?? ''
  return {
    passwordSame: lines.includes('password-same'),
    passwordUnset: lines.includes('password-unset'),
    isLocked: lines.includes('locked'),
    hasHash: lines.includes('hash'),
    expires: /^\d+$/.test(days) ? Number(days) : undefined,
  }
}

/** The hash to set: behind an exclamation mark for a locked account. */
export const hashToSet = (password: Secret, lock: boolean | undefined): Secret =>
  lock === true && !reveal(password).startsWith('!') ? secret(`!${reveal(password)}`) : password

/** The day on which an account expires, for useradd and usermod; empty: never. */
export const dayOf = (seconds: number): string =>
  seconds < 0 ? '' : new Date(seconds * 1000).toISOString().slice(0, 10)

/** Options of usermod that lock or unlock the password, and what they do. The password does not change with them. */
export function lockChange({ password_lock }: PasswordParams, found: FoundPassword): [string, string[]][] {
  if (password_lock === true && !found.isLocked) return [['lock the password', ['-L']]]
  // usermod refuses to unlock an account without a password.
  return password_lock === false && found.isLocked && found.hasHash ? [['unlock the password', ['-U']]] : []
}

/** Options of usermod for the day on which the account expires. */
export function expiryChange({ expires }: PasswordParams, found: FoundPassword): [string, string[]][] {
  if (expires === undefined) return []
  const wanted = expires < 0 ? undefined : Math.floor(expires / 86_400)
  if (wanted === found.expires) return []
  const was = found.expires === undefined ? 'never' : dayOf(found.expires * 86_400)
  return [[`expires ${wanted === undefined ? 'never' : dayOf(expires)} (was ${was})`, ['-e', dayOf(expires)]]]
}
