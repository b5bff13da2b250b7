/** What the characters of a scalar allow, as PyYAML's `analyze_scalar`. */
export interface Analysis {
  readonly multiline: boolean
  readonly flowPlain: boolean
  readonly blockPlain: boolean
  readonly singleQuoted: boolean
}

const BREAKS = '\n\x85\u2028\u2029'
const BLANKS = `\0 \t\r${BREAKS}`

export const isBreak = (character: string | undefined): boolean => character !== undefined && BREAKS.includes(character)
const isBlank = (character: string | undefined): boolean => character === undefined || BLANKS.includes(character)

const printable = (code: number): boolean =>
  code === 0x85 ||
  (code >= 0xa0 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff) ||
  code >= 0x10000

export function analyze(text: string): Analysis {
  if (text === '') return { multiline: false, flowPlain: false, blockPlain: true, singleQuoted: true }
  const items = Array.from(text)
  const last = items.length - 1
  let block = text.startsWith('---') || text.startsWith('...')
  let flow = block
  let [lines, special, spaceBreak, breakSpace] = [false, false, false, false]
  let [previousSpace, previousBreak, afterBlank] = [false, false, true]
  items.forEach((character, i) => {
    const beforeBlank = isBlank(items[i + 1])
    if (i === 0) {
      if ('#,[]{}&*!|>\'"%@`'.includes(character)) flow = block = true
      if ('?:'.includes(character)) {
        flow = true
        block ||= beforeBlank
      }
      if (character === '-' && beforeBlank) flow = block = true
    } else {
      if (',?[]{}'.includes(character)) flow = true
      if (character === ':') {
        flow = true
        block ||= beforeBlank
      }
      if (character === '#' && afterBlank) flow = block = true
    }
    const code = character.codePointAt(0) as number
    if (isBreak(character)) lines = true
    if (!(character === '\n' || (code >= 0x20 && code <= 0x7e)) && !printable(code)) special = true
    if (character === ' ') {
      breakSpace ||= previousBreak
      ;[previousSpace, previousBreak] = [true, false]
    } else if (isBreak(character)) {
      spaceBreak ||= previousSpace
      ;[previousSpace, previousBreak] = [false, true]
    } else [previousSpace, previousBreak] = [false, false]
    afterBlank = BLANKS.includes(character)
  })
  const edge = (character: string | undefined): boolean => character === ' ' || isBreak(character)
  const quoted = !breakSpace && !spaceBreak && !special
  const plain = quoted && !lines && !edge(items[0]) && !edge(items[last])
  return { multiline: lines, flowPlain: plain && !flow, blockPlain: plain && !block, singleQuoted: quoted }
}

const IMPLICIT = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:<<|=|~|null|Null|NULL|)$/,
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/,
]

/** Whether a text without quotes would be read as a text. */
export const readsAsText = (text: string): boolean => !IMPLICIT.some((pattern) => pattern.test(text))
