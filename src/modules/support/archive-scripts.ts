import { posix } from 'node:path'
import { sh } from '../../shell/quote.ts'
import { accountExists, isNumber } from './accounts.ts'
import { printBytes } from './file-content.ts'
import { allBits, type Attributes } from './params.ts'
import { eachStray } from './recursive-attributes.ts'

/** Parameters of `unarchive` that its scripts use. */
export interface ArchiveParams extends Attributes {
  readonly src: string
  readonly dest: string
  readonly remote_src: boolean
  readonly creates?: string | undefined
  readonly exclude: readonly string[]
  readonly include: readonly string[]
  readonly extra_opts: readonly string[]
}

/** Assigns the archive's path to `$lb_a`. One of the controller is a temporary file until the script ends. */
function defineArchive({ src, remote_src }: ArchiveParams, archive: Buffer): string {
  if (remote_src) return sh`lb_a=${src}`
  return [
    `lb_old=$(umask); umask 077; lb_dir=$(mktemp -d) || exit; trap 'rm -rf -- "$lb_dir"' EXIT`,
    `trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`,
    sh`lb_a=$lb_dir/${posix.basename(src)}`,
    `${printBytes(archive)} >"$lb_a" || exit`,
    'umask "$lb_old"',
  ].join('\n')
}

/** Whether the attributes of what the archive has are given. */
export const isSet = ({ owner, group, mode }: Attributes): boolean =>
  owner !== undefined || group !== undefined || mode !== undefined

/** Functions that list, compare and extract with tar or unzip. They need `$lb_a`. */
function defineTools({ dest, exclude, include, extra_opts }: ArchiveParams): string {
  const excludes = exclude.map((name) => `--exclude=${name.replace(/\/+$/, '')}`)
  const options = extra_opts.length === 0 ? [] : ['--show-transformed-names', ...extra_opts]
  const filters = [...(exclude.length === 0 ? [] : ['-x', ...exclude]), ...include]
  return [
    'unset TAR_OPTIONS UNZIP UNZIPOPT ZIPINFO ZIPINFOOPT; lb_gtar=tar; ! command -v gtar >/dev/null || lb_gtar=gtar',
    sh`lb_tar() { LC_ALL=C "$lb_gtar" "$@" ${options} ${excludes} -f "$lb_a" ${include}; }`,
    sh`lb_info() { LC_ALL=C.UTF-8 unzip "$@" "$lb_a" ${filters}; }`,
    sh`lb_unzip() { LC_ALL=C.UTF-8 unzip -o -qq ${extra_opts} "$lb_a" ${filters} -d ${dest}; }`,
    'lb_names() { if [ -n "$lb_zip" ]; then lb_info -Z -1; else lb_tar --list --quoting-style=literal; fi; }',
    // The names below dest as bytes, with the first component of each. chmod must get no path outside dest.
    "lb_inside() { sed 's,^/*,,; /^\\.\\.$/d; /^\\.\\.\\//d; /\\/\\.\\.$/d; /\\/\\.\\.\\//d'; }",
    "lb_paths() { lb_names | lb_inside | sed -n 's,^,./,; s,/*$,,p; s,^\\./\\([^/]*\\)/.*$,./\\1,p' | sort -u | tr '\\n' '\\0'; }",
  ].join('\n')
}

/** Assigns `yes` to `$lb_zip` for a zip archive, and the name of Ansible's handler to `$lb_by`. */
const recognise = [
  'lb_zip=; lb_magic=$(od -An -v -tx1 -N6 <"$lb_a" | tr -d \' \\n\')',
  'case $lb_magic in',
  '1f8b*) lb_by=TgzArchive ;;',
  '504b*) lb_by=ZipArchive lb_zip=yes ;;',
  // A zip archive may begin with a program.
  '*) lb_by=TarArchive; ! unzip -l "$lb_a" >/dev/null 2>&1 || lb_by=ZipArchive lb_zip=yes ;;',
  'esac',
].join('\n')

/** Defines a function that prints the CRC-32 of stdin: of the last bytes that gzip writes, the first four. */
const defineCrc = "lb_crc() { gzip -1 -c | tail -c 8 | od -An -v -tx1 -N4 | tr -d ' \\n'; }"

/** Prints what exists for each entry of a zip archive: type and mode, size, uid, CRC-32, time; `-` for nothing. */
const printExisting = [
  defineCrc,
  'lb_info -Z -1 | while IFS= read -r lb_n; do',
  // With the slash of a directory, a link to one counts as one: unzip extracts into it.
  '  lb_p=$lb_n; lb_f=$(stat -c "%f %s %u" -- "./$lb_p" 2>/dev/null) || { echo "have -"; continue; }',
  '  if [ -L "./$lb_p" ]; then lb_c=$(readlink -- "./$lb_p" | tr -d "\\n" | lb_crc)',
  '  elif [ -f "./$lb_p" ]; then lb_c=$(lb_crc <"./$lb_p")',
  '  else lb_c=-; fi',
  '  printf "have %s %s %s\\n" "$lb_f" "$lb_c" "$(stat -c %y -- "./$lb_p")"',
  'done',
].join('\n')

/** Prints what the archive has, and how the directory differs from it. */
export function probeArchive(params: ArchiveParams, archive: Buffer): string {
  const { dest, creates, owner, group } = params
  const strays = eachStray(params, '-print')
  return [
    ...(creates === undefined ? [] : [sh`if [ -e ${creates} ] || [ -L ${creates} ]; then echo created; exit 0; fi`]),
    defineArchive(params, archive),
    'if ! [ -f "$lb_a" ]; then echo no-src; exit 0; fi',
    'if ! [ -r "$lb_a" ]; then echo no-access; exit 0; fi',
    'if ! [ -s "$lb_a" ]; then echo empty; exit 0; fi',
    sh`lb_d=${dest}; if ! [ -d "$lb_d" ]; then lb_d=; echo no-dest; fi`,
    ...(owner === undefined || isNumber(owner) ? [] : [`${accountExists('passwd', owner)} || echo no-owner`]),
    ...(group === undefined || isNumber(group) ? [] : [`${accountExists('group', group)} || echo no-group`]),
    recognise,
    'echo "handler $lb_by"; echo "umask $(umask)"; echo "uid $(id -u)"',
    defineTools(params),
    'if [ -n "$lb_d" ]; then',
    '  stat -c \'stat %u %g %f %s %U %G\' -- "$lb_d" || exit',
    '  cd -- "$lb_d" || exit',
    '  printf \'real %s\\n\' "$(pwd -P)"',
    'fi',
    'if [ -n "$lb_zip" ]; then',
    '  unzip -Z -1 "$lb_a" >/dev/null || case $? in 127 | 10) echo no-unzip; exit 0 ;; *) exit 4 ;; esac',
    '  lb_list=$(lb_info -Z -T -s) || exit 4',
    "  printf '%s\\n' \"$lb_list\" | sed 's/^/zip /'; lb_info -Z -1 | sed 's/^/file /'; lb_info -v | sed 's/^/crc /'",
    `  if [ -n "$lb_d" ]; then\n${printExisting}`,
    '  fi',
    'else',
    '  case $("$lb_gtar" --version 2>/dev/null) in *"GNU tar"*) ;; *) echo no-tar; exit 0 ;; esac',
    '  lb_list=$(lb_tar --list) || exit 4',
    '  [ -z "$lb_list" ] || printf \'%s\\n\' "$lb_list" | sed \'s/^/file /\'',
    '  [ -z "$lb_d" ] || lb_tar --diff 2>&1 | sed \'s/^/diff /\'',
    'fi',
    ...(strays === undefined
      ? []
      : [`if [ -n "$lb_d" ]; then lb_paths | xargs -0 ${strays} 2>/dev/null | sed 's/^/stray /'; fi`]),
    ':',
  ].join('\n')
}

/** Extracts the archive, and sets the attributes. */
export function extractArchive(params: ArchiveParams, archive: Buffer, isZip: boolean): string {
  const { dest } = params
  return [
    defineArchive(params, archive),
    `lb_zip=${isZip ? 'yes' : ''}`,
    defineTools(params),
    sh`cd -- ${dest} || exit`,
    isZip ? 'lb_unzip || exit' : sh`lb_tar --extract -C ${dest} || exit`,
    ...(isSet(params) ? [attributesScript(params)] : []),
  ].join('\n')
}

/** Sets the attributes of what the archive has. */
export function setArchiveAttributes(params: ArchiveParams, archive: Buffer, isZip: boolean): string {
  return [
    defineArchive(params, archive),
    `lb_zip=${isZip ? 'yes' : ''}`,
    defineTools(params),
    sh`cd -- ${params.dest} || exit`,
    attributesScript(params),
  ].join('\n')
}

function attributesScript({ owner, group, mode }: ArchiveParams): string {
  const who = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
  // chown clears set-user-id bits: the mode is set after it.
  const steps = [
    eachStray({ owner, group, mode: undefined }, sh`-exec chown -h -- ${who} {} +`),
    eachStray({ owner: undefined, group: undefined, mode }, sh`-exec chmod ${allBits(mode ?? 0)} -- {} +`),
  ]
  return steps.flatMap((step) => (step === undefined ? [] : [`lb_paths | xargs -0 ${step} || exit`])).join('\n')
}
