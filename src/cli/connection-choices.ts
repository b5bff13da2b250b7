import { homedir } from 'node:os'
import path from 'node:path'
import type { ConnectionDefaults } from '../connection/index.ts'
import type { AnsibleConfig } from './ansible-config.ts'
import type { ConnectionOptions } from './connection-options.ts'

/** The connection variable of each setting of Ansible. The first of its variables, and of its lines, precedes. */
const SETTINGS: readonly {
  readonly variable: string
  readonly environment: readonly string[]
  readonly keys: readonly string[]
  readonly isPath?: boolean
}[] = [
  { variable: 'ansible_user', environment: ['ANSIBLE_REMOTE_USER'], keys: ['defaults.remote_user'] },
  { variable: 'ansible_port', environment: ['ANSIBLE_REMOTE_PORT'], keys: ['defaults.remote_port'] },
  {
    variable: 'ansible_ssh_private_key_file',
    environment: ['ANSIBLE_PRIVATE_KEY_FILE'],
    keys: ['defaults.private_key_file'],
    isPath: true,
  },
  {
    variable: 'ansible_host_key_checking',
    environment: ['ANSIBLE_SSH_HOST_KEY_CHECKING', 'ANSIBLE_HOST_KEY_CHECKING'],
    keys: ['ssh_connection.host_key_checking', 'defaults.host_key_checking'],
  },
  {
    variable: 'ansible_ssh_timeout',
    environment: ['ANSIBLE_TIMEOUT', 'ANSIBLE_SSH_TIMEOUT'],
    keys: ['defaults.timeout', 'ssh_connection.timeout'],
  },
  { variable: 'ansible_ssh_args', environment: ['ANSIBLE_SSH_ARGS'], keys: ['ssh_connection.ssh_args'] },
  {
    variable: 'ansible_ssh_common_args',
    environment: ['ANSIBLE_SSH_COMMON_ARGS'],
    keys: ['ssh_connection.ssh_common_args'],
  },
  {
    variable: 'ansible_ssh_extra_args',
    environment: ['ANSIBLE_SSH_EXTRA_ARGS'],
    keys: ['ssh_connection.ssh_extra_args'],
  },
  { variable: 'ansible_become', environment: ['ANSIBLE_BECOME'], keys: ['privilege_escalation.become'] },
  {
    variable: 'ansible_become_method',
    environment: ['ANSIBLE_BECOME_METHOD'],
    keys: ['privilege_escalation.become_method'],
  },
  {
    variable: 'ansible_become_user',
    environment: ['ANSIBLE_SUDO_USER', 'ANSIBLE_BECOME_USER'],
    keys: ['sudo_become_plugin.user', 'privilege_escalation.become_user'],
  },
  {
    variable: 'ansible_become_exe',
    environment: ['ANSIBLE_SUDO_EXE', 'ANSIBLE_BECOME_EXE'],
    keys: ['sudo_become_plugin.executable', 'privilege_escalation.become_exe'],
  },
  {
    variable: 'ansible_become_flags',
    environment: ['ANSIBLE_SUDO_FLAGS', 'ANSIBLE_BECOME_FLAGS'],
    keys: ['sudo_become_plugin.flags', 'privilege_escalation.become_flags'],
  },
]

/** What the user has chosen about connections. */
export interface ConnectionChoices {
  readonly defaults: Pick<ConnectionDefaults, 'variables' | 'origins' | 'acceptNewHostKeys'>
  readonly askPass: boolean
  readonly askBecomePass: boolean
}

/** The choices of the command line, then of the environment, then of ansible.cfg. */
export function connectionChoices(
  { connection, askBecomePass }: { readonly connection: ConnectionOptions; readonly askBecomePass: boolean },
  config: AnsibleConfig,
): ConnectionChoices {
  const variables: Record<string, string> = {}
  const origins: Record<string, string> = {}
  for (const { variable, environment, keys, isPath } of SETTINGS) {
    const setting = config.setting(environment, keys)
    if (setting === undefined) continue
    const { value, directory, origin } = setting
    variables[variable] = isPath === true ? path.resolve(directory, value.replace(/^~(?=\/|$)/, homedir())) : value
    origins[variable] = origin
  }
  for (const [variable, { value, origin }] of connection.variables) {
    variables[variable] = value
    origins[variable] = origin
  }
  const asks = (environment: string, key: string): boolean =>
    /^(?:1|true|yes|on|y|t)$/i.test(config.setting([environment], [key])?.value ?? '')
  const [asksPass, asksBecomePass] = [
    asks('ANSIBLE_ASK_PASS', 'defaults.ask_pass'),
    asks('ANSIBLE_BECOME_ASK_PASS', 'privilege_escalation.become_ask_pass'),
  ]
  return {
    defaults: { variables, origins, acceptNewHostKeys: connection.acceptNew },
    askPass: connection.askPass || asksPass,
    askBecomePass: askBecomePass || asksBecomePass,
  }
}
