import type { Secret } from '../values/secret.ts'
import type { HostKeyChecking } from './ssh-config/options.ts'

/** A private key to log in with. */
export interface KeyFile {
  readonly path: string
  readonly passphrase?: Secret
  /** What names it: the variable, or `file:line`. */
  readonly setBy: string
}

/** Authentication methods that Labbook has. */
export const AUTH_METHODS = ['publickey', 'password', 'keyboard-interactive'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

/** How a host is reached: over another host, or through a program. */
export type Proxy = { readonly jump: ConnectionSettings } | { readonly command: string }

/** The variable that names the key file. */
export const KEY_VARIABLE = 'ansible_ssh_private_key_file'
export const TIMEOUT_VARIABLE = 'ansible_ssh_timeout'

/** How to connect to a host, and the user its scripts run as. */
export interface ConnectionSettings {
  /** The host's name in the inventory. */
  readonly name: string
  readonly connection: 'ssh' | 'local'
  readonly address: string
  readonly port: number
  readonly user: string
  readonly password?: Secret
  /** The keys to log in with; default: the agent's keys and the default keys in ~/.ssh. */
  readonly keyFiles?: readonly KeyFile[]
  /** User certificates that are not beside their keys. */
  readonly certificateFiles?: readonly string[]
  /** Passphrases of the default keys, by path. */
  readonly passphrases?: Readonly<Record<string, Secret>>
  /** Keys of the agent are offered only if they are configured, as with ssh. */
  readonly identitiesOnly?: boolean
  /** The authentication methods that may be tried; default: all. */
  readonly authMethods?: readonly AuthMethod[]
  /** The socket of the agent; default: `SSH_AUTH_SOCK`. */
  readonly agent?: string | null
  /** Default: ~/.ssh/known_hosts. */
  readonly userKnownHostsFiles?: readonly string[]
  readonly globalKnownHostsFiles?: readonly string[]
  /** The host's name in known_hosts, in place of its address and port. */
  readonly hostKeyAlias?: string
  readonly hostKeyChecking: HostKeyChecking
  /** The source address of the connection. */
  readonly bindAddress?: string
  /** How to reach the host if not directly. */
  readonly proxy?: Proxy
  readonly connectTimeoutSeconds: number
  /** As ServerAliveInterval and ServerAliveCountMax of ssh_config. */
  readonly keepalive: { readonly intervalSeconds: number; readonly countMax: number }
  readonly become: {
    readonly always: boolean
    readonly user: string
    readonly password?: Secret
    /** The program that is called as sudo, and its options; default: `sudo -H`. */
    readonly exe?: string
    readonly flags?: readonly string[]
  }
  /** Options of ssh_config that apply to the host and that Labbook ignores: `ForwardAgent (file:line)`. */
  readonly unsupported?: readonly string[]
}
