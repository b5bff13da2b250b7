import { quote, sh } from '../../shell/quote.ts'
import { allBits, octal, type Attributes } from './params.ts'
import { changeOwner } from './replace-file.ts'

/** Conditions of `find` for other attributes. A link has no mode. */
const conditions = ({ owner, group, mode }: Attributes): string[] => [
  ...(owner === undefined ? [] : [sh`! -user ${owner}`]),
  ...(group === undefined ? [] : [sh`! -group ${group}`]),
  ...(mode === undefined ? [] : [sh`! -type l ! -perm ${octal(mode)}`]),
]

/** Prints `stray` if anything at or below a directory has other attributes; undefined if none are set. */
export function findStray(path: string, wanted: Attributes): string | undefined {
  const any = conditions(wanted).join(' -o ')
  return any === ''
    ? undefined
    : sh`[ -z "$(find -H ${path} \\( ${{ raw: any }} \\) -print 2>/dev/null | head -n 1)" ] || echo stray`
}

/** Sets the attributes of everything at and below a directory. */
export function setRecursively(path: string, { owner, group, mode }: Attributes): string {
  return [
    ...changeOwner(quote(path), owner, group, ' -R -h').map((step) => `${step} || exit`),
    ...(mode === undefined
      ? []
      : [sh`find -H ${path} ! -type l ! -perm ${octal(mode)} -exec chmod ${allBits(mode)} -- {} + || exit`]),
  ].join('\n')
}
