import {
  assert,
  command,
  type CommandValues,
  connectionSettings,
  file,
  get_url,
  PlaybookError,
  type PlayContext,
  Reference,
  register,
  shell,
  type Task,
} from 'labbook'
import { K3S_BINARY, K3S_DATA, K3S_STATE_DIR, parseVersion, upgradeError } from 'labbook/k3s'
import { upload } from 'labbook/transfer'
import { RESET } from './reset-command.ts'
import { type K3sSource, k3sSource, type PinnedFile } from './source.ts'

/** Path of the binary and the installer on the host. */
export const stagedPath = (name: string): string => `${K3S_STATE_DIR}/${name}`

const IMAGES = `${K3S_DATA}/agent/images`

const binary = register<CommandValues>('k3s_binary')
const installed = register<CommandValues>('k3s_installed')

type Available = Exclude<K3sSource, { kind: 'none' }>

/** The version to install. That of a copied binary is read from the binary. */
export const versionToInstall = (source: Available): Reference<string> | string =>
  source.kind === 'release' ? source.version : binary.map(({ stdout }) => versionIn(stdout, source.requestedVersion))

/**
 * Copies the binary, the installer and the images to a host, and checks that the host can change to that version. k3s
 * itself stays as it is.
 */
export function stageFiles(on: PlayContext): Task[] {
  const source = k3sSource(on)
  if (source.kind === 'none') return [assert('Check k3s source', { that: false, fail_msg: source.problem })]
  return [
    file(`Create ${K3S_STATE_DIR}`, { path: K3S_STATE_DIR, state: 'directory', mode: '0700' }),
    ...copyTasks(on, source),
    ...(source.kind === 'artifacts'
      ? [
          command('Read version of k3s binary', {
            argv: [stagedPath('k3s'), '--version'],
            read_only: true,
            register: binary,
          }),
        ]
      : []),
    ...checkUpgrade(versionToInstall(source)),
  ]
}

const copyTasks = (on: PlayContext, source: Available): Task[] =>
  source.kind === 'release'
    ? [
        get_url(`Download k3s ${source.version}`, {
          url: source.binary.from,
          dest: stagedPath('k3s'),
          checksum: `sha256:${source.binary.sha256}`,
          mode: '0755',
        }),
        get_url('Download k3s installer', {
          url: source.installer.from,
          dest: stagedPath('install.sh'),
          checksum: `sha256:${source.installer.sha256}`,
          mode: '0755',
        }),
      ]
    : [
        copyFile(on, source.binary, stagedPath('k3s')),
        file('Make k3s binary executable', { path: stagedPath('k3s'), state: 'file', mode: '0755' }),
        copyFile(on, source.installer, stagedPath('install.sh')),
        ...source.images.map((image) => copyFile(on, image, `${IMAGES}/${image.name}`)),
      ]

const copyFile = (on: PlayContext, { from, name, sha256 }: PinnedFile, dest: string): Task =>
  upload(`Copy ${name}`, {
    target: connectionSettings(on.host, on.vars),
    src: from,
    dest,
    sha256,
    hint: 'docs/k3s.md lists the files',
    delegate_to: 'localhost',
    become: false,
  })

/** Checks the upgrade path before the configuration is written, which the installed version would read on restart. */
function checkUpgrade(version: Reference<string> | string): Task[] {
  const problem = new Reference((scope) => {
    const [from, to] = [
      parseVersion(installed.map(({ stdout }) => stdout).read(scope)),
      parseVersion(version instanceof Reference ? version.read(scope) : version),
    ]
    return from === undefined || to === undefined ? undefined : upgradeError(from, to, RESET)
  })
  return [
    shell('Read installed k3s version', {
      cmd: `[ ! -x ${K3S_BINARY} ] || ${K3S_BINARY} --version`,
      read_only: true,
      register: installed,
    }),
    assert('Check k3s upgrade path', {
      that: problem.map((why) => why === undefined),
      fail_msg: problem.map((why) => why ?? ''),
    }),
  ]
}

function versionIn(stdout: string, asked: string | undefined): string {
  const found = parseVersion(stdout)?.text
  if (found === undefined)
    throw new PlaybookError(
      `the binary in k3s_artifacts prints no k3s version, but "${stdout.split('\n')[0] ?? ''}": replace it with the k3s binary`,
    )
  if (asked !== undefined && found !== asked)
    throw new PlaybookError(`the binary in k3s_artifacts is k3s ${found}, but k3s_version is ${asked}`)
  return found
}
