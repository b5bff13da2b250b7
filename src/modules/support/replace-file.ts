import { sh } from '../../shell/quote.ts'
import { octal } from './params.ts'

/** A file whose content is to be replaced as a whole. */
export interface Replacement {
  readonly path: string
  /** Shell text that writes the new content into `"$lb_new"`, which exists, is empty and only its owner can read. */
  readonly fill: string
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Permission bits; `umask`: what the target gives new files. */
  readonly mode: number | 'umask'
  /** A command with `%s` that must accept the new file. */
  readonly validate?: string | undefined
  /** Keeps what is there under Ansible's name for it: `NAME.PID.DATE@TIME~`. */
  readonly backup?: boolean
  /** Where the path is a link: replaces what it points to, not the link. */
  readonly through?: boolean
}

/**
 * A script that replaces a file so that at every moment, also of a crash, either the old or the new one is there whole:
 * the new one is written, given its owner and mode, validated and flushed beside the old one, then takes its place.
 */
export function replaceFile({
  path,
  fill,
  owner,
  group,
  mode,
  validate,
  backup = false,
  through = false,
}: Replacement): string {
  const steps = [
    // `x` keeps a newline at the end of a path from being dropped by the substitution.
    sh`lb_to=${path}` +
      (through
        ? `; if [ -L "$lb_to" ]; then lb_to=$(readlink -f -- "$lb_to" && echo x) || exit; lb_to=\${lb_to%?x}; fi`
        : ''),
    'lb_new=$(mktemp -- "${lb_to%/*}/.labbook.XXXXXX") || exit',
    `trap 'rm -f -- "$lb_new"' EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    `${fill} || exit`,
    ...changeOwner('"$lb_new"', owner, group).map((step) => `${step} || exit`),
    `chmod ${mode === 'umask' ? '+rw' : octal(mode)} -- "$lb_new" || exit`,
    ...(validate === undefined
      ? []
      : [
          `( ${validate.replaceAll('%s', '"$lb_new"')} ) >&2 || {`,
          sh`lb_code=$?; printf 'validate refused the new %s\\n' ${path} >&2; exit "$lb_code"; }`,
        ]),
    `sync -- "$lb_new" || exit`,
    ...(backup ? ['cp -p -- "$lb_to" "$lb_to.$$.$(date +%Y-%m-%d@%H:%M:%S)~" || exit'] : []),
    'mv -f -- "$lb_new" "$lb_to" || exit',
    `trap - EXIT`,
  ]
  return steps.join('\n')
}

/**
 * Commands that change owner and group; none where neither is given.
 * @param target - shell text for the path, already quoted
 */
export function changeOwner(target: string, owner?: string, group?: string, flags = ''): string[] {
  if (owner === undefined && group === undefined) return []
  const to = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
  return [sh`chown${{ raw: flags }} -- ${to}` + ` ${target}`]
}
