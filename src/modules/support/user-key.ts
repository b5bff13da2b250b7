import { posix } from 'node:path'
import { raw, sh } from '../../shell/quote.ts'
import type { Secret } from '../../values/secret.ts'
import type { Change } from '../module.ts'
import { entryOf } from './accounts.ts'
import { setAccount, setTree } from './effects.ts'

/** Parameters of the `user` module about an SSH key. */
export interface KeyParams {
  readonly name: string
  readonly generate_ssh_key: boolean
  readonly ssh_key_type: string
  readonly ssh_key_bits?: number | undefined
  readonly ssh_key_file?: string | undefined
  readonly ssh_key_comment?: string | undefined
  readonly ssh_key_passphrase?: Secret | undefined
}

/** What the probe finds of an SSH key. */
export interface FoundKey {
  readonly isThere: boolean
  /** ssh-keygen is installed. */
  readonly tools: boolean
  /** The directory of the key is missing, and more than one directory would have to be created. */
  readonly noDirectory: boolean
  readonly publicKey: string | undefined
  readonly fingerprint: string | undefined
}

/** The path of the private key: as in Ansible, below the home. */
export const keyFileOf = ({ ssh_key_file, ssh_key_type }: KeyParams, home: string): string =>
  posix.resolve(home, ssh_key_file ?? `.ssh/id_${ssh_key_type}`)

/** Shell text about the key, below the home in `$lb_home`. As in Ansible, either of the two files is enough. */
export function probeOfKey(params: KeyParams): string[] {
  if (!params.generate_ssh_key) return []
  const name = params.ssh_key_file ?? `.ssh/id_${params.ssh_key_type}`
  return [
    name.startsWith('/') ? sh`lb_key=${name}` : sh`lb_key=$lb_home/${name}`,
    '{ [ ! -e "$lb_key" ] && [ ! -e "$lb_key.pub" ]; } || echo ssh-key',
    'lb_in=${lb_key%/*}; lb_n=${lb_in%/*}',
    '[ -d "$lb_in" ] || [ -d "$lb_n" ] || case $lb_home in "$lb_in" | "$lb_n") ;; *) echo no-key-directory ;; esac',
    'command -v ssh-keygen >/dev/null || echo no-keygen',
    // Only a line that looks like a key: the user may have linked the file to a secret of root.
    `[ ! -f "$lb_key.pub" ] || sed -n '1{/^[a-z0-9@.-]* AAAA/s/^/ssh-public /p;}' <"$lb_key.pub"`,
    `[ ! -f "$lb_key" ] || ssh-keygen -l -f "$lb_key" 2>/dev/null | sed 's/^/ssh-print /'`,
  ]
}

/** Parses the lines of {@link probeOfKey}. */
export function parseKey(lines: readonly string[]): FoundKey {
  const after = (prefix: string): string | undefined =>
    lines
      .find((line) => line.startsWith(prefix))
      ?.slice(prefix.length)
      .trim()
  return {
    isThere: lines.includes('ssh-key'),
    tools: !lines.includes('no-keygen'),
    noDirectory: lines.includes('no-key-directory'),
    publicKey: after('ssh-public '),
    fingerprint: after('ssh-print '),
  }
}

/** Values about a key, with Ansible's names. */
export interface KeyValues {
  readonly ssh_key_file?: string
  readonly ssh_public_key?: string | null
  readonly ssh_fingerprint?: string | null
}

/** The returned values about the key. */
export const keyValues = (params: KeyParams, home: string, found: FoundKey): KeyValues =>
  params.generate_ssh_key
    ? {
        ssh_key_file: keyFileOf(params, home),
        ssh_public_key: found.publicKey ?? null,
        ssh_fingerprint: found.fingerprint ?? null,
      }
    : {}

/** The change that creates the key, or an error message; none if there is one. */
export function keyCreation(
  params: KeyParams,
  { path: home, isThere }: { readonly path: string | undefined; readonly isThere: boolean },
  found: FoundKey,
): Change[] | string {
  if (!params.generate_ssh_key || found.isThere) return []
  if (!isThere && params.ssh_key_file?.startsWith('/') !== true)
    return `user "${params.name}" has no home for an SSH key: leave create_home: false out, or write home`
  if (found.noDirectory) return `the directory above that of the SSH key ${params.ssh_key_file ?? ''} does not exist`
  if (!found.tools) return 'ssh-keygen not found on this host: install its package openssh-client'
  const { name, ssh_key_type, ssh_key_bits, ssh_key_comment, ssh_key_passphrase: passphrase } = params
  const file = home === undefined ? undefined : keyFileOf(params, home)
  const shown = file ?? params.ssh_key_file ?? `~${name}/.ssh/id_${ssh_key_type}`
  const words = ['-q', '-t', ssh_key_type, ...(ssh_key_bits === undefined ? [] : ['-b', String(ssh_key_bits)])]
  const comment =
    ssh_key_comment === undefined ? raw('"ansible-generated on $(uname -n)"') : raw(sh`${ssh_key_comment}`)
  const generate = sh`ssh-keygen ${words} -C ${comment} -f "$lb_key"`
  return [
    {
      description: `create SSH key ${shown}${passphrase === undefined ? '' : ' with a passphrase'}`,
      script: [
        // A new user's home is known once it exists.
        sh`lb_entry=$(${raw(entryOf('passwd', name))}) || exit`,
        'lb_home=${lb_entry%:*}; lb_home=${lb_home##*:}',
        // Where users share an ID, `id` of Debian 11 prints the group of another one.
        'lb_owner=$(printf %s "$lb_entry" | cut -d : -f 3,4)',
        ...(file === undefined
          ? [sh`lb_key=$lb_home/${params.ssh_key_file ?? `.ssh/id_${ssh_key_type}`}`]
          : [sh`lb_key=${file}`]),
        'lb_in=${lb_key%/*}; umask 077',
        'if [ ! -d "$lb_in" ]; then mkdir -- "$lb_in" && chown -- "$lb_owner" "$lb_in" || exit; fi',
        ...(passphrase === undefined
          ? [`${generate} -N '' </dev/null >&2 || exit`]
          : withPassphrase(generate, passphrase)),
        'chown -h -- "$lb_owner" "$lb_key" "$lb_key.pub" && chmod 0644 -- "$lb_key.pub" || exit',
        'umask 022',
      ].join('\n'),
      sets: setAccount(`user:${name}`, ...setTree(file ?? `/home/${name}/.ssh/id_${ssh_key_type}`)),
    },
  ]
}

/** ssh-keygen asks a program for the passphrase, which gets it in its environment: in arguments, all users see it. */
const withPassphrase = (generate: string, passphrase: Secret): string[] => [
  'lb_ask=$(mktemp) || exit',
  `trap 'rm -f -- "$lb_ask"' EXIT`,
  `printf '#!/bin/sh\\nprintf "%%s\\\\n" "$LB_PASSPHRASE"\\n' >"$lb_ask" && chmod 0700 -- "$lb_ask" || exit`,
  sh`LB_PASSPHRASE=${passphrase}`,
  'export LB_PASSPHRASE',
  `SSH_ASKPASS=$lb_ask SSH_ASKPASS_REQUIRE=force DISPLAY=none ${generate} </dev/null >&2 || exit`,
  'unset LB_PASSPHRASE; rm -f -- "$lb_ask"; trap - EXIT',
]
